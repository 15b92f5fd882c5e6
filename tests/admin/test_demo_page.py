"""The page of the demo."""

import re

import pytest

from loaders.admin import demo_page

pytestmark = pytest.mark.unit


def test_a_gallery_shows_pictures_with_captions():
    shown = demo_page.gallery([["block4", None, "<b>", "data:image/gif;base64,R0"]])
    assert shown.count("<figure>") == 1
    assert 'src="data:image/gif;base64,R0"' in shown
    assert "<figcaption>block4, &lt;b&gt;</figcaption>" in shown


def test_the_page_fits_a_phone(monkeypatch, tmp_path):
    monkeypatch.setattr(demo_page, "PAGE", tmp_path / "index.html")
    demo_page.write_page([demo_page.table(["a"], [[1]])])
    page = (tmp_path / "index.html").read_text()
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert re.search(r"\.table \{ overflow-x: auto \}", page)
    assert '<div class="table"><table>' in page
