"""Fixtures of the tests of Wikipedia."""

import pytest

from loaders.core.dumps.load import Options
from loaders.wikipedia.command import load_all
from tests.factories.archives import PACKED


@pytest.fixture
def load(muse, tmp_path):
    """Load a dump; return whether every page was usable."""

    def work(text, *, name="dump.xml", pack="plain", sample=False, **options):
        path = tmp_path / name
        path.write_bytes(PACKED[pack](text if isinstance(text, bytes) else text.encode()))
        # In this process: starting others takes most of a second.
        return load_all(muse, str(path), Options(**{"workers": 0} | options), sample=sample)

    return work
