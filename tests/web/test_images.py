"""Reverse image search in pages and for programs."""

import io

import pillow_heif
import psycopg
import pytest
from PIL import Image

from tests.factories.pictures import add_picture, encoded, shape
from tests.web.conftest import HOSTILE, HTML
from web.rendering import environment, web_address

SCRIPTS = ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x"]


def send(site, content: bytes, name: str = "photo.jpg", **more):
    return site.post("/images/search", files={"file": (name, content)}, **more)


def test_a_picture_finds_its_kind(site):
    answer = send(site, encoded(shape("ring", 99))).json()
    first = answer["matches"][0]
    assert first["class"] == "ring"
    assert (first["licence"], first["author"]) == ("CC0", HOSTILE)
    assert site.get(first["picture"]).headers["content-type"] == "image/jpeg"
    assert answer["classes"][0]["class"] == "ring"
    assert len(answer["labels"]) == 5
    assert answer["verdict"]


def test_a_browser_gets_a_page_and_htmx_the_part_that_changes(site):
    page = send(site, encoded(shape("ring", 99)), headers=HTML).text
    assert page.startswith("<!doctype html>")
    part = send(site, encoded(shape("ring", 99)), headers=HTML | {"hx-request": "true"}).text
    assert "<html" not in part
    for text in (page, part):
        for function in ("similar_images", "similar_classes", "classify_image"):
            assert f"{function}(decode(:&#39;picture&#39;" in text
        assert HOSTILE not in text
        assert 'href="https://example.org/"' in text


def test_noise_is_like_nothing_here(site):
    noise = Image.effect_noise((300, 300), 90)
    assert (
        send(site, encoded(noise.convert("RGB"))).json()["verdict"] == "Nothing here looks like it."
    )


def test_a_photo_of_a_phone_is_read(site):
    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    shape("ring", 98).save(file, "HEIF")
    assert send(site, file.getvalue(), "IMG_1.HEIC").json()["matches"][0]["class"] == "ring"


def test_near_duplicates_are_named(site):
    file = io.BytesIO()
    shape("ring", 3).rotate(90, expand=True).save(file, "JPEG", quality=60)
    titles = [one["title"] for one in send(site, file.getvalue()).json()["duplicates"]]
    assert titles == ["ring 3"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "photo.jpg"), (b"GIF89a" + b"x" * 99, "photo.jpg"), (b"<svg/>", "photo.jpg")],
)
def test_what_is_no_picture_is_one_clear_line(site, content, words):
    answer = send(site, content)
    assert (answer.status_code, words in answer.json()["detail"]) == (400, True)


def test_a_stored_picture_has_a_page(site):
    image_id = send(site, encoded(shape("dots", 99))).json()["matches"][0]["image_id"]
    page = site.get(f"/images/{image_id}", headers=HTML).text
    assert "Similar to it" in page
    assert f"images_like({image_id}" in page


def test_before_training_the_error_says_what_to_run(bare):
    answer = send(bare, encoded(shape("ring", 1)))
    assert answer.status_code == 400
    assert "./pgmuse" in answer.json()["hint"], answer.text


def test_parameters_are_checked(site):
    content = encoded(shape("ring", 99))
    assert len(send(site, content, data={"n": 3}).json()["matches"]) == 3
    assert send(site, content, data={"n": 0}).status_code == 422
    assert site.post("/images/search").status_code == 422


def test_the_licence_of_a_match_links_to_its_text(site):
    page = send(site, encoded(shape("ring", 99)), headers=HTML).text
    assert '<a href="https://example.org/cc0" rel="noreferrer">CC0</a>' in page


@pytest.mark.parametrize("address", SCRIPTS)
def test_a_script_is_no_address_of_a_licence(db, address):
    """The table refuses it, and a page would not link to it."""
    with pytest.raises(psycopg.errors.CheckViolation):
        add_picture(db, shape("ring", 1), licence="CC0", licence_url=address)
    row = {"author": None, "licence": "CC0", "licence_url": address}
    template = environment.from_string('{% import "macros.html" as ui %}{{ ui.credit(row) }}')
    assert template.render(row=row).strip() == '<p class="credit">CC0</p>'


@pytest.mark.parametrize("address", ["http://[", "javascript:alert(1)", " JavaScript:alert(1)"])
def test_addresses_of_pictures_that_are_none_are_no_links(address):
    assert web_address(address) is None


def test_the_address_of_the_form_says_how_it_is_used(site):
    answer = site.get("/images/search")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "/images" in answer.json()["detail"]
