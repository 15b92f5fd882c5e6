"""Fixtures of the tests of pruning."""

from pathlib import Path

import pytest

from tests.factories.pruning import pictures_of


@pytest.fixture
def folder(tmp_path) -> Path:
    return pictures_of(tmp_path / "photos", 30)
