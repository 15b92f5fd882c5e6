"""Two refreshes at once: one does the work, the other says so."""

import time

import pytest

from loaders.core.db import connect_to_load, take_turns
from tests.faults.running import WAIT, start

pytestmark = pytest.mark.faults

WAITING = "select count(*) from pg_locks where not granted"


def test_one_of_two_refreshes_does_the_work(own, make_turns, tmp_path):
    turns = make_turns("playlists")
    turns.next_version()
    turns.finish()
    before = turns.next_version()
    refresh = ("refresh", "songs")
    with connect_to_load() as holder:  # the first refresh waits here until the second is done
        take_turns(holder, "tracks")
        first = start(refresh, tmp_path / "first")
        await_lock()
        second = start(refresh, tmp_path / "second")
        assert second.wait() == 0
        turns.check(before)
    assert first.wait() == 0
    lines = "\n".join(second.lines())
    assert "songs: a refresh is already running; nothing done" in lines
    assert "already running" not in "\n".join(first.lines())
    turns.finish()  # nothing is left to do
    assert "unchanged, skipped" in (turns.job.folder / "last errors").read_text()


def test_two_refreshes_of_everything_load_each_source_once(own, make_turns, tmp_path):
    names = ("playlists", "wikidata", "images")
    jobs = [make_turns(name) for name in names]
    for turns in jobs:
        turns.next_version()
        turns.finish()
        turns.next_version()
    both = [start(("refresh",), tmp_path / f"refresh {number}") for number in range(2)]
    assert [work.wait() for work in both] == [0, 0]
    with connect_to_load() as conn:
        runs = "select topic, count(*) from loads where status = 'done' and loaded > 0 group by 1"
        loaded = dict(conn.execute(runs).fetchall())
    assert loaded == {"songs": 12, "wikidata": 2, "images": 2}
    for turns in jobs:
        turns.finish()


def await_lock() -> None:
    """Wait until a session waits for a lock."""
    deadline = time.monotonic() + WAIT
    with connect_to_load(autocommit=True) as conn:
        while conn.execute(WAITING).fetchone() == (0,):
            assert time.monotonic() < deadline
            time.sleep(0.05)
