"""docker-compose.yml: built, filled, queried, stopped and killed on a Docker engine."""

import subprocess

import pytest

from loaders.core.config import ROOT

pytestmark = pytest.mark.compose


def test_compose_serves_the_demo_and_keeps_its_data():
    done = subprocess.run(["tests/compose.sh"], cwd=ROOT, check=False)
    assert done.returncode == 0
