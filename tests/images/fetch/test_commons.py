"""The API of Wikimedia Commons: batches, and errors that do not count as a file's attempts."""

import pytest

from loaders.images.fetch import enqueue, queue
from loaders.images.fetch import worker as fetch
from tests.factories.fetches import add_item
from tests.factories.pictures import photo
from tests.servers import faults


@pytest.mark.long
def test_fifty_titles_a_call(fresh, host, work):
    names = [f"A{n}.jpg" for n in range(53)]
    host.files = dict.fromkeys(names, photo())
    del host.files["A7.jpg"]
    add_item(fresh, "Q1")
    for n, name in enumerate(names):
        add_item(fresh, f"Q{n + 100}", images=[(name, "normal")])
        add_item(fresh, f"Q{n + 500}", [f"Q{n + 100}"])
    enqueue.enqueue_classes(fresh, 1)
    counts = work()
    assert (counts.fetched, counts.failed) == (52, 1)
    assert host.titles == [50, 3]
    assert fresh.execute("select count(*) from images").fetchone() == (1,)  # all the same
    assert fresh.execute("select count(*) from image_sources").fetchone() == (52,)
    failed = "select error from image_fetches where state = 'failed'"
    assert fresh.execute(failed).fetchone() == ("Wikimedia Commons has no such file",)


@pytest.mark.long
def test_where_commons_refuses_no_file_is_to_blame(fresh, host, work):
    add_item(fresh, "Q1", images=[("a.jpg", "normal")])
    add_item(fresh, "Q2", ["Q1"])
    enqueue.enqueue_classes(fresh, 1)
    host.faults["api.php"] = [faults.forbidden] * 9
    counts = work()
    assert (counts.fetched, counts.failed) == (0, 0)
    assert "answers 403 Forbidden: is the contact right?" in counts.problems[0]
    assert fresh.execute("select state, attempts from image_fetches").fetchall() == [("waiting", 0)]


@pytest.mark.long
def test_while_commons_lags_no_file_is_to_blame(fresh, host, work):
    add_item(fresh, "Q1", images=[("a.jpg", "normal")])
    add_item(fresh, "Q2", ["Q1"])
    host.files["A.jpg"] = photo()
    enqueue.enqueue_classes(fresh, 1)
    host.faults["api.php"] = [faults.lagged] * (fetch.MAX_HOST_FAILURES - 1)
    assert len(host.faults["api.php"]) >= queue.ATTEMPTS
    assert work().fetched == 1


def test_commons_tells_of_a_place_that_is_none(fresh, host, work, monkeypatch):
    add_item(fresh, "Q1", images=[("a.jpg", "normal")])
    add_item(fresh, "Q2", ["Q1"])
    for url in ("ftp://example.org/a.jpg", "https://example.org:99999/a.jpg", "https://\0/a.jpg"):
        info = {"url": url, "mime": "image/jpeg", "descriptionurl": "https://a/\0"}
        page = {"title": "File:A.jpg", "imageinfo": [info]}
        monkeypatch.setattr(host, "image_info", lambda title, page=page: page)
        enqueue.enqueue_classes(fresh, 1)
        queue.requeue_failed(fresh)
        assert work().failed == 1, url
