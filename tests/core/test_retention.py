"""Retention of models and runs."""

import pytest

from loaders.admin.refresh import refresh
from loaders.core.config import ROOT
from loaders.core.models import publish
from tests.factories.rows import publish_songs

TINY = (ROOT / "tests" / "data" / "tiny.tflite").read_bytes()
MODELS = "select model_id, content is not null from muse.models where name = 'tiny' order by 1"


def test_the_newest_five_models_of_a_name_are_kept(fresh):
    other = publish(fresh, "other", {}, {}, content=TINY)
    ids = [publish(fresh, "tiny", {}, {}, content=TINY) for _ in range(8)]
    assert fresh.execute(MODELS).fetchall() == [(model_id, True) for model_id in ids[3:]]
    assert fresh.execute("select from muse.models where model_id = %s", (other,)).rowcount == 1


def test_how_many_models_are_kept_is_a_setting(fresh, server):
    fresh.execute("alter database fresh set muse.keep_models = 2")
    with server.connect(dbname="fresh", autocommit=True) as conn:
        ids = [publish(conn, "tiny", {}, {}, content=TINY) for _ in range(4)]
    assert fresh.execute(MODELS).fetchall() == [(model_id, True) for model_id in ids[2:]]


def test_a_model_that_a_sample_names_loses_its_bytes_alone(fresh):
    first = publish(fresh, "tiny", {}, {}, content=TINY)
    fresh.execute(
        "insert into muse.samples (kind, model_id, parameters, result) values ('x', %s, '{}', '[]')",
        (first,),
    )
    ids = [publish(fresh, "tiny", {}, {}, content=TINY) for _ in range(6)]
    kept = [(first, False)] + [(model_id, True) for model_id in ids[1:]]
    assert fresh.execute(MODELS).fetchall() == kept


def test_the_live_model_and_the_one_before_stay_however_old(fresh):
    live = publish_songs(fresh, {"a": ([1], [1])})
    for _ in range(9):
        fresh.execute("insert into muse.models (name, config) values ('songs', '{}')")
    publish(fresh, "songs", {}, {})
    kept = fresh.execute("select from muse.models where model_id = %s", (live,))
    assert kept.rowcount == 1


@pytest.mark.parametrize(("setting", "left"), [(None, 2), ("365", 3)])
def test_runs_of_90_days_are_kept_and_the_last_of_a_source(fresh, server, setting, left):
    if setting:
        fresh.execute(f"alter database fresh set muse.keep_run_days = {setting}")
    fresh.execute("insert into muse.sources (topic, location) values ('x', 'a'), ('x', 'b')")
    fresh.execute(
        """
        insert into muse.load_runs (source_id, status, finished_at)
        select source_id, 'done', now() - interval '100 days' from muse.sources
        """
    )
    fresh.execute(
        """
        insert into muse.load_runs (source_id, status, finished_at)
        select min(source_id), 'done', now() from muse.sources
        """
    )
    with server.connect(dbname="fresh", autocommit=True) as conn:
        refresh(conn)
    assert fresh.execute("select count(*) from muse.load_runs").fetchone() == (left,)
