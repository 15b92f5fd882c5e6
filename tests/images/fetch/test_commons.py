"""Wikimedia Commons: names of files, sizes, batches, and errors of its API."""

from urllib.parse import urlencode

import pytest

from loaders.images.fetch import commons, queue
from loaders.images.fetch import enqueue as wanted
from loaders.images.fetch import worker as fetch
from tests.factories.fetches import add_item
from tests.factories.pictures import photo
from tests.servers import faults


def test_fifty_titles_a_call(fresh, host, work):
    names = [f"A{n}.jpg" for n in range(53)]
    host.files = dict.fromkeys(names, photo())
    del host.files["A7.jpg"]
    add_item(fresh, "Q1")
    for n, name in enumerate(names):
        add_item(fresh, f"Q{n + 100}", images=[(name, "normal")])
        add_item(fresh, f"Q{n + 500}", [f"Q{n + 100}"])
    wanted.want_classes(fresh, 1)
    counts = work()
    assert (counts.fetched, counts.failed) == (52, 1)
    assert host.titles == [50, 3]
    assert fresh.execute("select count(*) from images").fetchone() == (1,)  # all the same
    assert fresh.execute("select count(*) from image_sources").fetchone() == (52,)
    failed = "select error from image_fetches where state = 'failed'"
    assert fresh.execute(failed).fetchone() == ("Wikimedia Commons has no such file",)


@pytest.mark.parametrize(
    ("size", "mime", "name"),
    [
        ((1600, 1200), "image/jpeg", "500px-a"), ((1200, 1600), "image/jpeg", "330px-a"),
        ((4000, 1000), "image/jpeg", "1280px-a"), ((90000, 1000), "image/jpeg", "1920px-a"),
        ((450, 400), "image/png", "a"), ((300, 200), "image/svg+xml", "500px-a"),
        ((450, 300), "image/tiff", "330px-a"), ((100, 100), "image/webp", "a"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", ["a", "Map-100px-small.png"])
def test_a_width_of_the_ladder(size, mime, name, file):
    info = commons._Info(
        url=f"https://h/3/3a/{file}", width=size[0], height=size[1], size=1000, mime=mime,
        thumburl=f"https://h/thumb/3/3a/{file}/500px-{file}",
    )  # fmt: skip
    assert commons.download_url(info).rpartition("/")[2] == name.removesuffix("a") + file


def test_titles_fit_into_an_address():
    short, long = [f"Cat {number}.jpg" for number in range(50)], ["ы" * 100 + ".jpg"] * 50
    assert list(commons.calls(short)) == [short]
    calls = list(commons.calls(long))
    assert [name for names in calls for name in names] == long
    assert all(len(urlencode(commons.fields(names))) < 6000 for names in calls)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cat 03.jpg", "Cat 03.jpg"), ("File:Cat_03.JPG", "Cat 03.JPG"), ("A%2Bb.png", "A+b.png"),
        ("a|b.jpg", None), ("", None), ("image: ä.jpg", "Ä.jpg"), ("x" * 300, None),
        ("AT&amp;T.png", "AT&T.png"),
    ],
)  # fmt: skip
def test_names_of_files(text, name):
    assert commons.file_name(text) == name


def test_where_commons_refuses_no_file_is_to_blame(fresh, host, work):
    add_item(fresh, "Q1", images=[("a.jpg", "normal")])
    add_item(fresh, "Q2", ["Q1"])
    wanted.want_classes(fresh, 1)
    host.faults["api.php"] = [faults.forbidden] * 9
    counts = work()
    assert (counts.fetched, counts.failed) == (0, 0)
    assert "answers 403 Forbidden: is the contact right?" in counts.problems[0]
    assert fresh.execute("select state, attempts from image_fetches").fetchall() == [("waiting", 0)]


def test_while_commons_lags_no_file_is_to_blame(fresh, host, work):
    add_item(fresh, "Q1", images=[("a.jpg", "normal")])
    add_item(fresh, "Q2", ["Q1"])
    host.files["A.jpg"] = photo()
    wanted.want_classes(fresh, 1)
    host.faults["api.php"] = [faults.lagged] * (fetch.GIVE_UP - 1)
    assert len(host.faults["api.php"]) >= queue.ATTEMPTS
    assert work().fetched == 1


def test_commons_tells_of_a_place_that_is_none(fresh, host, work, monkeypatch):
    add_item(fresh, "Q1", images=[("a.jpg", "normal")])
    add_item(fresh, "Q2", ["Q1"])
    for url in ("ftp://example.org/a.jpg", "https://example.org:99999/a.jpg", "https://\0/a.jpg"):
        info = {"url": url, "mime": "image/jpeg", "descriptionurl": "https://a/\0"}
        page = {"title": "File:A.jpg", "imageinfo": [info]}
        monkeypatch.setattr(host, "image_info", lambda title, page=page: page)
        wanted.want_classes(fresh, 1)
        queue.try_again(fresh)
        assert work().failed == 1, url
