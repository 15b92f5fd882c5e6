"""Health: a row per check, and the exit status of the command."""

import json

import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from loaders.cli import app
from loaders.songs.load import SongOptions, load_all
from tests.factories.playlists import IDS, slice_of
from tests.factories.rows import add_model


def checks(conn, name):
    query = "select subject, status, value from health where check_name = %s order by subject"
    return conn.execute(query, (name,)).fetchall()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mpd.slice.0-9.json"
    path.write_bytes(slice_of(IDS[:20]))
    return path


def test_a_failed_load_is_bad_until_it_succeeds(muse, file):
    load_all(muse, SongOptions(files=(str(file),)))
    assert checks(muse, "load") == [("songs", "ok", "0 of 1 sources failed")]
    good = file.read_bytes()
    file.write_bytes(b"no playlist")
    load_all(muse, SongOptions(files=(str(file),)))
    assert checks(muse, "load") == [("songs", "bad", "1 of 1 sources failed")]
    file.write_bytes(good)
    load_all(muse, SongOptions(files=(str(file),), again=True))
    assert checks(muse, "load")[0][1] == "ok"


def test_a_job_that_did_not_run_is_bad(muse):
    job = "insert into jobs (job, every, scheduler, command, scheduled_at) values "
    muse.execute(job + "('refresh', '1 day', 'cron', 'x', now() - interval '3 days')")
    muse.execute(job + "('samples', '1 day', 'cron', 'x', now())")
    assert [(subject, status) for subject, status, _ in checks(muse, "job")] == [
        ("refresh", "bad"), ("samples", "ok"),
    ]  # fmt: skip
    muse.execute("select finish_job(start_job('refresh'), true, 'well')")
    assert checks(muse, "job")[0] == ("refresh", "ok", "by cron, done, well")
    muse.execute("select finish_job(start_job('refresh'), false, 'a disk is full')")
    assert checks(muse, "job")[0] == ("refresh", "bad", "by cron, failed, a disk is full")


def test_a_command_by_hand_that_failed_is_a_warning_for_a_day(muse):
    muse.execute("select finish_job(start_job('refresh songs'), false, 'x')")
    assert checks(muse, "job") == [("refresh songs", "warning", "by hand, failed, x")]
    muse.execute("update job_runs set started_at = now() - interval '2 days'")
    assert checks(muse, "job")[0][1] == "ok"


def test_a_job_whose_process_was_killed_is_bad(muse):
    muse.execute("insert into jobs values ('refresh', '1 day', 'cron', 'x')")
    muse.execute("insert into job_runs (job, backend_pid) values ('refresh', 1 << 30)")
    assert checks(muse, "job") == [("refresh", "bad", "by cron, killed")]


def test_a_source_that_came_back_is_well_again(muse, file):
    content = file.read_bytes()
    load_all(muse, SongOptions(files=(str(file),)))
    file.write_bytes(b"no playlist")
    load_all(muse, SongOptions(files=(str(file),)))
    file.write_bytes(content)
    load_all(muse, SongOptions(files=(str(file),)))  # unchanged
    assert checks(muse, "load") == [("songs", "ok", "0 of 1 sources failed")]
    load_all(muse, SongOptions(files=(str(file),)))
    assert muse.execute("select count(*) from load_runs").fetchone() == (3,)


def test_models_have_their_hint_or_their_metrics(muse):
    add_model(muse, "songs")
    add_model(muse, "ink_block2")
    models = {subject: status for subject, status, _ in checks(muse, "model")}
    assert (models["songs"], models["ink"], models["images"]) == ("ok", "ok", "warning")


def test_metrics_are_cut_between_numbers(muse):
    parts = {name: {"hits": 3.05, "ndcg": 0.5786, "list": [1]} for name in ("radio", "word2vec")}
    metrics = Jsonb(parts | {"bits": 0.65, "name": "x"} | {f"held_out_{n}": n for n in range(9)})
    model = add_model(muse, "songs")
    muse.execute("update models set metrics = %s where model_id = %s", (metrics, model))
    ((value,),) = [row[2:] for row in checks(muse, "model") if row[0] == "songs"]
    held_out = ", ".join(f"held_out_{n} {n}" for n in range(7))
    numbers = "word2vec.hits 3.05, word2vec.ndcg 0.5786"
    assert value == f"bits 0.65, radio.hits 3.05, radio.ndcg 0.5786, {numbers}, {held_out}"
    (line,) = [
        line
        for line in CliRunner().invoke(app, ["health"]).output.splitlines()
        if "model songs:" in line
    ]
    assert f": bits 0.65, radio.hits 3.05, radio.ndcg 0.5786, {numbers}, ... (" in line


def test_a_long_message_is_cut_behind_a_word(muse):
    reason = "/a/long/path/" + "x" * 45 + "/playlists.json: line 17: it is no list of playlists"
    muse.execute("select finish_job(start_job('refresh songs'), false, %s)", (reason,))
    output = CliRunner().invoke(app, ["health"]).output
    assert "x/playlists.json: ... (" in output


def test_an_invalid_index_is_bad(fresh):
    assert checks(fresh, "index") == [("invalid", "ok", "none"), ("stale", "ok", "none")]
    fresh.execute("create index broken on muse.tracks (album)")
    fresh.execute(
        "update pg_index set indisvalid = false where indexrelid = 'muse.broken'::regclass"
    )
    assert checks(fresh, "index")[0] == ("invalid", "bad", "muse.broken")


def test_the_command_prints_bad_checks_first_and_exits_with_1(fresh):
    done = CliRunner().invoke(app, ["health"])
    assert done.exit_code == 0, done.output
    assert "MB private" in done.output
    fresh.execute("insert into muse.jobs values ('refresh', '1 day', 'cron', 'x')")
    fresh.execute("select finish_job(start_job('refresh'), false, 'a disk is full')")
    done = CliRunner().invoke(app, ["health"])
    assert done.exit_code == 1
    assert done.output.startswith("bad     job refresh: by cron, failed, a disk is full")
    rows = json.loads(CliRunner().invoke(app, ["health", "--json"]).stdout)
    assert rows[0]["check"] == "job"
    assert {row["status"] for row in rows} >= {"bad", "ok"}


def test_a_reader_sees_health_with_disk_and_memory(reader):
    (value,) = reader.execute("select value from health where check_name = 'disk'").fetchone()
    assert "unknown" not in value
    free, total, connections = reader.execute("select * from machine()").fetchone()
    assert 0 < free <= total
    assert connections > 1 << 20
