"""Pictures are decoded in worker processes that may crash."""

import os
import signal

import pytest

from loaders.admin.forget import forget_source
from loaders.images import batches, decoding, store
from loaders.images.load import load_source
from loaders.images.model import PictureFile, PictureMetadata
from loaders.images.options import ImageOptions
from loaders.images.sources import PictureSource
from tests.factories.pictures import photo

DEADLY = b"over this one the process dies"


@pytest.mark.parametrize(("width", "height"), [(1001, 1000), (1000, 1001)])
def test_a_size_of_nearly_a_square(width, height):
    assert decoding.prepare(photo(size=(width, height)))[2:4] == (width, height)


@pytest.mark.parametrize(
    "segment", [b"\xff\xe2\0\x0eICC_PROFILE\0", b"\xff\xed\0\x16Photoshop 3.0\x008BIM\0\0"]
)
def test_what_is_odd_beside_a_picture_is_no_matter(segment):
    content = photo(size=(400, 330), kind="JPEG")
    odd = content[:2] + segment + content[2:]
    assert decoding.prepare(odd)[2:4] == (400, 330)


def test_a_load_that_was_killed_goes_on(fresh, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 2)
    entries = [
        PictureFile(f"{n}.png", photo(size=(330 + n, 400)), PictureMetadata()) for n in range(8)
    ]

    def dies():
        yield from entries[:7]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_source(fresh, PictureSource("here", dies()), ImageOptions(workers=1))
    (kept,) = fresh.execute("select count(*) from images").fetchone()
    assert kept >= 4
    loaded = load_source(fresh, PictureSource("here", entries), ImageOptions(workers=1))
    assert (loaded.written, loaded.unchanged) == (8 - kept, kept)


def kill_worker(content: bytes) -> decoding.PreparedPicture:
    """Simulates a crash in native code."""
    if DEADLY in content:
        os.kill(os.getpid(), signal.SIGKILL)
    return decoding.prepare(content)


@pytest.mark.long
def test_a_picture_that_kills_its_decoder_is_left_out_and_no_other(fresh, monkeypatch):
    monkeypatch.setattr(decoding, "prepare", kill_worker)
    contents = [photo(size=(330 + n, 400)) for n in range(6)]
    contents[2] += DEADLY
    entries = [
        PictureFile(f"{n}.png", content, PictureMetadata()) for n, content in enumerate(contents)
    ]
    loaded = load_source(fresh, PictureSource("here", entries), ImageOptions(workers=2))
    assert (loaded.written, loaded.bad) == (5, 1)
    place, reason = fresh.execute("select place, reason from load_errors").fetchone()
    assert place == "2.png"
    assert "crashes the process" in reason


def test_a_picture_that_is_forgotten_while_it_is_loaded_is_decoded_after_all(fresh, monkeypatch):
    entries = [PictureFile("a.png", photo(), PictureMetadata())]
    load_source(fresh, PictureSource("one", entries), ImageOptions(workers=1))
    really = store.store

    def forgotten_first(conn, *arguments):
        monkeypatch.setattr(store, "store", really)
        forget_source(conn, "one")
        return really(conn, *arguments)

    monkeypatch.setattr(store, "store", forgotten_first)
    assert load_source(fresh, PictureSource("two", entries), ImageOptions(workers=1)).written == 1
