"""Scheduled jobs, their runs, samples drawn at night, and pruning."""

import numpy as np
import psycopg
import pytest

from loaders.admin.jobs import draw_samples, job
from loaders.admin.refresh import plan, refresh
from loaders.core import db as connections
from loaders.songs import load as playlists
from loaders.songs import train as songs
from loaders.songs.word2vec import Word2VecSettings
from tests.factories.albums import add_classifier
from tests.factories.pictures import encoded, load_path, shape
from tests.factories.playlists import IDS, slice_of
from tests.factories.rows import add_model

RUNS = "select job, status, message from job_runs order by run_id"


@pytest.fixture
def radio(muse, tmp_path):
    """A model of 30 playlists, and the path of their file."""
    path = tmp_path / "mpd.slice.0-9.json"
    path.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(30))))
    playlists.load(muse, str(path))
    songs.train(muse, Word2VecSettings(epochs=1), songs.PlaylistFilter(artist_share=1, longest=200))
    return path


def test_a_run_is_recorded_with_its_outcome(muse):
    with job(muse, "samples") as run:
        run.parts.append("3 radio")
    with pytest.raises(ZeroDivisionError), job(muse, "refresh"):
        raise ZeroDivisionError("by hand")
    assert muse.execute(RUNS).fetchall() == [
        ("samples", "done", "3 radio"), ("refresh", "failed", "by hand"),
    ]  # fmt: skip


def test_a_run_whose_process_is_gone_failed(muse):
    muse.execute("insert into job_runs (job, backend_pid) values ('samples', 1 << 30)")
    muse.execute("select start_job('samples')")
    assert muse.execute(RUNS).fetchall() == [
        ("samples", "failed", "interrupted"), ("samples", "running", None),
    ]  # fmt: skip


def test_samples_of_live_models_are_stored(muse, radio, capsys):
    draw_samples(muse, 3, seed=5)
    printed = capsys.readouterr().err.splitlines()
    assert "drawing samples: radio" in printed[0]
    assert printed[-1].endswith("samples: 3 radio")
    rows = muse.execute("select count(distinct sample_id), count(*) from radio_samples").fetchone()
    assert rows[0] == 3
    assert rows[1] >= 3 * 3
    seeds = "select seeds from radio_samples where sample_id = %s limit 1"
    drawn = [muse.execute(seeds, (one,)).fetchone() for one in (1, 2, 3)]
    draw_samples(muse, 3, seed=5)
    assert [muse.execute(seeds, (one,)).fetchone() for one in (4, 5, 6)] == drawn
    draw_samples(muse, 3, seed=6)
    assert [muse.execute(seeds, (one,)).fetchone() for one in (7, 8, 9)] != drawn


def test_a_job_of_sql_keeps_its_error(muse, fresh):
    assert muse.execute("select run_job('prune')").fetchone() == ("deleted 0 samples, 0 runs",)
    add_model(muse, "songs")  # without vectors
    muse.execute("insert into models (name, config) values ('images', '{}')")
    muse.execute(
        "insert into deployments select 'images', model_id from models where name = 'images'"
    )
    fresh.execute("alter table muse.image_vectors rename column embedding to gone")
    assert muse.execute("select run_job('recall')").fetchone() == (None,)
    assert [row[:2] for row in muse.execute(RUNS)] == [("prune", "done"), ("recall", "failed")]
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="job is samples, prune or"):
        muse.execute("select run_job('tidy')")


def test_old_samples_go_and_the_newest_of_a_live_model_stays(muse):
    live = add_model(muse, "songs")
    old = """
        insert into samples (kind, model_id, parameters, result, made_at)
        values (%s, %s, '{}', '[]', now() - interval '2 years') returning sample_id
    """
    ids = [muse.execute(old, ("radio", live)).fetchone()[0] for _ in range(3)]
    muse.execute(old, ("ink", None))
    assert muse.execute("select prune_samples()").fetchone() == (3,)
    assert muse.execute("select sample_id from samples").fetchall() == [(ids[-1],)]


@pytest.mark.parametrize("days", ["999999999", "-1"])
def test_all_samples_are_kept_for_ever(muse, days):
    muse.execute(
        "insert into samples (kind, parameters, result, made_at) "
        "values ('ink', '{}', '[]', '1990-01-01')"
    )
    muse.execute(f"set muse.keep_sample_days = '{days}'")
    muse.execute(f"set muse.keep_run_days = '{days}'")
    assert muse.execute("select prune_samples(), prune_runs()").fetchone() == (0, 0)


def test_samples_are_pruned_by_number(muse):
    new = "insert into samples (kind, parameters, result) values ('radio', '{}', '[]')"
    for _ in range(5):
        muse.execute(new)
    muse.execute("set muse.keep_samples = 2")
    assert muse.execute("select prune_samples()").fetchone() == (3,)


def test_refresh_says_what_it_did_and_draws_again(muse, radio, capsys):
    assert refresh(muse)
    assert "1 unchanged" in muse.execute(RUNS).fetchone()[2]
    radio.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(40))))
    assert refresh(muse)
    assert muse.execute(RUNS).fetchall()[1] == ("refresh", "done", "1 loaded, updated: songs")
    assert "refresh: 1 loaded, updated: songs (" in capsys.readouterr().err
    assert muse.execute("select count(distinct sample_id) from radio_samples").fetchone() == (12,)


def test_dry_run_says_why_and_changes_nothing(muse, radio):
    assert list(plan(muse)) == []
    muse.execute("set default_transaction_read_only = off")
    radio.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(40))))
    runs = muse.execute("select count(*) from load_runs").fetchone()
    (line,) = plan(muse)
    assert line.startswith(f"songs: {radio}: changed since 20")
    assert muse.execute("select count(*) from load_runs").fetchone() == runs
    radio.unlink()
    (line,) = plan(muse)
    assert "would fail" in line


def test_after_the_time_is_up_nothing_begins(muse, radio):
    radio.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(40))))
    assert refresh(muse, seconds=0)
    assert muse.execute(RUNS).fetchall() == [("refresh", "done", "1 left for the next refresh")]
    assert muse.execute("select count(*) from playlists").fetchone() == (30,)


def test_new_pictures_have_vectors_after_a_refresh(muse, flatbuffer, tmp_path):
    from loaders.images.train import train

    add_classifier(muse, flatbuffer)
    folder = tmp_path / "album"
    folder.mkdir()
    for number in range(3):
        (folder / f"ring{number}.png").write_bytes(encoded(shape("ring", number)))
    load_path(muse, folder)
    train(muse, 1)
    (folder / "new.png").write_bytes(encoded(shape("bar", 1)))
    assert refresh(muse)
    assert muse.execute("select count(*) from image_vectors").fetchone() == (4,)
    query = "select title from similar_images(%s, 1)"
    assert muse.execute(query, (encoded(shape("bar", 1)),)).fetchone() == ("new",)
    checks = muse.execute("select check_name, status from health where subject = 'images'")
    assert set(checks.fetchall()) == {
        ("load", "ok"), ("model", "ok"), ("source", "ok"), ("vectors", "ok"),
    }  # fmt: skip


def test_recall_is_measured_for_health(muse, radio):
    assert muse.execute("select check_recall(5, 10)").fetchone() == (1,)
    (recall,) = muse.execute("select recall from recall_checks").fetchone()
    assert np.isclose(recall, 1)
    query = "select status, advice from health where check_name = 'recall'"
    assert muse.execute(query).fetchone() == ("ok", None)
    for recall in (0.5, "NaN"):
        muse.execute("update recall_checks set recall = %s::real", (recall,))
        assert muse.execute(query).fetchone() == ("bad", "select * from tune_search(0.95)")


def test_without_pg_cron_the_hint_names_cron(muse):
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as caught:
        muse.execute("select * from schedule()")
    assert "./pgmuse cron install" in caught.value.diag.message_hint


def test_a_reader_prunes_nothing(reader):
    for call in ("prune_samples()", "run_job('prune')"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), reader.transaction():
            reader.execute(f"select {call}")


def test_loaders_may_run_jobs(muse):
    with connections.connect_to_load(autocommit=True) as conn:
        assert conn.execute("select current_user").fetchone() == ("muse_loader",)
        assert conn.execute("select run_job('recall')").fetchone() == ("0 tables",)
