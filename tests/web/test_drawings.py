"""Drawings that visitors request."""

import psycopg
import pytest

from tests.web.conftest import HTML
from web.database import Away
from web.drawing import Drawings, draw_waiting

REQUESTS = "select drawing, n, status, message from muse.drawing_requests order by request_id"


@pytest.fixture
def queue(fresh):
    return fresh


def test_a_request_waits_until_it_is_drawn(queue):
    (request_id,) = queue.execute("select request_drawing('radio', n => 2)").fetchone()
    assert queue.execute(REQUESTS).fetchall() == [("radio", 2, "waiting", None)]
    assert draw_waiting(queue) == 1
    row = queue.execute(REQUESTS).fetchone()
    assert row[2] == "failed"
    assert "no model is live" in row[3]
    assert draw_waiting(queue) == 0
    assert queue.execute("select finish_drawing(%s)", (request_id,)).fetchone() == (None,)


def test_a_drawing_stores_its_samples(queue):
    queue.execute(
        "create function muse.draw_test_samples(n integer, seed bigint) returns integer "
        "language sql begin atomic insert into muse.samples (kind, seed, parameters, result) "
        "select 'icons', seed, '{}', '[]' from generate_series(1, n); select 1; end"
    )
    queue.execute("select request_drawing('test', n => 3, seed => 7)")
    assert draw_waiting(queue) == 1
    status, ids = queue.execute("select status, sample_ids from drawing_requests").fetchone()
    assert (status, len(ids)) == ("done", 3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("request_drawing(null)", "no samples of null"),
        ("request_drawing('x''; drop')", "no samples of x'; drop"),
        ("request_drawing('icon', n => 13)", "n must be from 1 to 12"),
        ("request_drawing('icon', n => null)", "n must be from 1 to 12"),
    ],
)
def test_arguments_are_checked(queue, call, words):
    with pytest.raises(psycopg.DataError, match=words):
        queue.execute(f"select {call}")


def test_readers_request_a_bounded_number_and_write_nothing_else(queue):
    queue.execute("set role muse_reader")
    for _ in range(20):
        queue.execute("select request_drawing('icon')")
    with pytest.raises(psycopg.errors.ConfigurationLimitExceeded, match="20 drawings wait already"):
        queue.execute("select request_drawing('icon')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        queue.execute(
            "insert into drawing_requests (drawing, n, seed, status) values ('icon', 1, 1, 'done')"
        )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        queue.execute("select start_drawing()")


def test_a_day_has_an_end(queue):
    queue.execute(
        "insert into muse.drawing_requests (drawing, n, seed) select 'icon', 1, 1; "
        "update muse.drawing_requests set status = 'done'"
    )
    queue.execute("alter table muse.drawing_requests disable trigger check_request")
    queue.execute(
        "insert into muse.drawing_requests (drawing, n, seed, status) "
        "select 'icon', 1, 1, 'done' from generate_series(1, 499)"
    )
    queue.execute("alter table muse.drawing_requests enable trigger check_request")
    with pytest.raises(psycopg.errors.ConfigurationLimitExceeded, match="within a day"):
        queue.execute("select request_drawing('icon')")


def test_what_a_killed_process_left_is_not_tried_again(queue):
    queue.execute("select request_drawing('radio')")
    queue.execute(
        "update muse.drawing_requests set status = 'running', started_at = now() - interval '1 hour'"
    )
    assert draw_waiting(queue) == 0
    assert queue.execute(REQUESTS).fetchall() == [("radio", 6, "failed", "interrupted")]


def test_the_page_tells_how_far_it_is(bare):
    page = bare.post("/drawings", data={"drawing": "icon"}, headers=HTML).text
    assert "somebody runs" in page
    assert 'hx-trigger="load delay:1s"' in page


def test_a_stopped_server_stays_stopped(monkeypatch):
    """`./pgmuse down` beside `serve`: a connection to the embedded server would start it."""

    def check():
        drawings.stop()
        raise Away("the server refuses connections")

    drawings, connections = Drawings(check), []

    monkeypatch.setattr("web.drawing.db.connect_to_load", connections.append)
    drawings.run()
    assert connections == []


@pytest.mark.parametrize("digits", ["-" + "f" * 255, "0x" + "f" * 254, "_f" * 128, "\u0661" * 256])
def test_what_is_no_bitmap_is_an_empty_pad(bare, digits):
    page = bare.get("/pad", params={"bitmap": digits}, headers=HTML)
    assert (page.status_code, "Similar icons" in page.text) == (200, False)
