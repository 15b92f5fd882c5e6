"""Fixtures of the tests of Wikidata."""

import json

import pytest

from loaders.core.http.client import Client
from loaders.wikidata.options import WikidataOptions
from tests.factories.archives import PACKED
from tests.factories.banks import BANKS
from tests.factories.loads import load_wikidata as load_all
from tests.factories.wikidata import FRAMINGS, small
from tests.servers import wikibase


@pytest.fixture
def load(muse, tmp_path):
    """Load a dump, from its lines or its content; return whether every entity was usable."""

    def work(lines, *, name="dump.json", framing="dump", pack="plain", **options):
        path = tmp_path / name
        text = FRAMINGS[framing](lines) if isinstance(lines, list) else lines
        path.write_bytes(PACKED[pack](text if isinstance(text, bytes) else text.encode()))
        # In this process: starting others takes most of a second.
        return load_all(muse, WikidataOptions(source=str(path), **{"workers": 0} | options))

    return work


@pytest.fixture
def service():
    with wikibase.running() as server:
        items = [json.loads(line) for line in small()]
        server.entities = {one["id"]: one for one in items}
        yield server


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(waits):
    return Client("somebody@example.org", sleep=waits.append)


@pytest.fixture
def banks(muse, load):
    """Banks, and the names that they mention, in English and German."""
    load(BANKS, languages=("en", "de"))
    muse.execute("select pg_stat_force_next_flush()")
    return muse
