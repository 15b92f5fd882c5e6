"""Wikimedia Commons: names of files, batches of titles, widths of thumbnails."""

from urllib.parse import urlencode

import pytest

from loaders.images.fetch import commons

pytestmark = pytest.mark.unit


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
    assert list(commons.batches(short)) == [short]
    batches = list(commons.batches(long))
    assert [name for names in batches for name in names] == long
    assert all(len(urlencode(commons.request_fields(names))) < 6000 for names in batches)


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
