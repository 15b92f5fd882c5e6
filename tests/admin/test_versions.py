"""Sources that an earlier version of a loader loaded."""

from loaders.admin.doctor import sources
from loaders.admin.refresh import plan, refresh
from loaders.wikidata.options import WikidataOptions
from tests.factories.loads import load_wikidata
from tests.factories.wikidata import FRAMINGS, small

HEALTH = "select status, value from health where check_name = 'source' and subject = 'wikidata'"


def test_refresh_loads_what_an_earlier_version_loaded(fresh, muse, tmp_path):
    path = tmp_path / "dump.json"
    path.write_text(FRAMINGS["dump"](small()))
    load_wikidata(muse, WikidataOptions(source=str(path)))
    assert muse.execute(HEALTH).fetchone()[0] == "ok"
    assert refresh(muse, "wikidata")
    assert len(muse.execute("select from loads where loaded > 0").fetchall()) == 1
    muse.execute("update sources set version = 1")
    muse.execute("update wikidata set kept_as = 0")
    assert muse.execute(HEALTH).fetchone() == (
        "warning", "1 of 1 sources were loaded by an earlier version of the loader",
    )  # fmt: skip
    assert "older loaders loaded " + str(path) in sources(fresh).remedy
    assert any("earlier version of its loader" in line for line in plan(muse, "wikidata"))
    muse.execute("set default_transaction_read_only = off")
    assert refresh(muse, "wikidata")
    assert len(muse.execute("select from loads where loaded > 0").fetchall()) == 2
    assert muse.execute(HEALTH).fetchone()[0] == "ok"
    assert sources(fresh).remedy == ""


def test_without_versions_of_topics_loads_are_recorded_as_well(fresh, muse, tmp_path):
    """As after the bare alembic command."""
    fresh.execute("delete from muse.topics")
    path = tmp_path / "dump.json"
    path.write_text(FRAMINGS["dump"](small()))
    for _ in range(2):
        load_wikidata(muse, WikidataOptions(source=str(path)))
    stored = "select loaded_at is not null, fingerprint is not null from sources"
    assert muse.execute(stored).fetchone() == (True, True)
    assert len(muse.execute("select from loads where loaded > 0").fetchall()) == 1
    assert list(plan(muse, "wikidata")) == []
