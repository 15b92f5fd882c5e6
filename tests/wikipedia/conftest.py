"""Fixtures of the tests of Wikipedia."""

import pytest

from loaders.wikipedia.load import WikipediaOptions
from tests.factories.archives import PACKED
from tests.factories.loads import load_wikipedia as load_all


@pytest.fixture
def load(muse, tmp_path):
    """Load a dump; return whether every page was usable."""

    def work(text, *, name="dump.xml", pack="plain", sample=False, **options):
        path = tmp_path / name
        path.write_bytes(PACKED[pack](text if isinstance(text, bytes) else text.encode()))
        # In this process: starting others takes most of a second.
        request = WikipediaOptions(source=str(path), sample=sample, **{"workers": 0} | options)
        return load_all(muse, request)

    return work
