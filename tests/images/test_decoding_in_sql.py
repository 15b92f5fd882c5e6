"""Decoding pictures in SQL: errors, memory, time-outs, fuzzed files."""

import random
from functools import cache
from pathlib import Path

import psycopg
import pytest
from PIL import Image

from tests.factories import processor_time as cpu
from tests.factories.picture_files import BAD, encoded, photo


@pytest.fixture
def asking(seeing):
    """A connection that has decoded a picture."""
    seeing.execute("select embed_image(%s)", (encoded(photo(), "JPEG"),))
    return seeing


def private_mb(conn: psycopg.Connection) -> int:
    status = Path(f"/proc/{conn.info.backend_pid}/status").read_text()
    return int(next(x for x in status.splitlines() if x.startswith("RssAnon")).split()[1]) >> 10


@pytest.mark.parametrize("name", ["text", "pixel", "png bomb", "gif that is a program", "big"])
def test_sql_gives_the_same_line_and_goes_on(asking, name):
    bad, message = BAD[name]
    with pytest.raises(psycopg.errors.DataException, match=message), asking.transaction():
        asking.execute("select * from classify_image(%s)", (bad,))
    assert asking.execute("select 1").fetchone() == (1,)


@pytest.mark.slow
def test_memory_is_given_back_after_large_pictures(asking):
    before = private_mb(asking)
    for content in (
        encoded(Image.new("RGBA", (6000, 6000)), "PNG", compress_level=1),
        encoded(Image.new("RGB", (8000, 8000)), "JPEG"),
        encoded(Image.new("RGB", (2800, 2800)), "WEBP"),
    ):
        asking.execute("select embed_image(%s)", (content,))
    assert private_mb(asking) < before + 15


@cache
def slow_picture() -> bytes:
    return encoded(photo().resize((6300, 6300)), "PNG", compress_level=1)[:20_000_000]


@pytest.mark.long
@pytest.mark.parametrize(
    "limit", [60, *(pytest.param(ms, marks=pytest.mark.slow) for ms in (20, 120))]
)
def test_a_timeout_ends_the_decoding_within_200_ms(asking, limit):
    slow = slow_picture()
    asking.execute("select set_config('statement_timeout', %s, true)", (str(limit),))
    with cpu.used_by(asking) as used:
        with pytest.raises(psycopg.errors.QueryCanceled):
            asking.execute("select embed_image(%s)", (slow,), binary=True)
        assert used() < limit / 1000 + 0.25  # with the bytes' way to the server


def fuzzed(count: int, seed: int = 0):
    """Pictures of every kind with bytes changed, doubled, removed, or copied from others."""
    rng = random.Random(seed)
    kinds = [
        encoded(photo().resize((90, 60)), kind, **options)
        for kind, options in (
            ("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("GIF", {}), ("WEBP", {}),
            ("WEBP", {"lossless": True}), ("TIFF", {}), ("TIFF", {"compression": "jpeg"}),
            ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "tiff_adobe_deflate"}),
            ("BMP", {}),
        )
    ]  # fmt: skip
    kinds += [encoded(photo().resize((90, 60)).quantize(16), kind) for kind in ("PNG", "BMP")]
    for number in range(count):
        damaged = bytearray(kinds[number % len(kinds)])
        for _ in range(rng.choice((1, 1, 2, 5, 30))):
            # Headers are where the harm is done.
            at = rng.randrange(len(damaged) if rng.random() < 0.5 else min(len(damaged), 200))
            how = rng.randrange(4)
            if how == 0:
                damaged[at] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
            elif how == 1:
                damaged[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"\x7f" + b"\xff" * 3))
            elif how == 2:
                del damaged[at : at + rng.randrange(1, 40)]
            else:
                other = rng.choice(kinds)
                damaged[at:at] = other[: rng.randrange(1, 60)]
            if not damaged:
                break
        yield bytes(damaged)


def ask_all(conn: psycopg.Connection, count: int) -> tuple[int, int]:
    """Call the function with every fuzzed file; the numbers of results and of errors."""
    answered, lines = 0, []
    pid = conn.info.backend_pid
    for content in fuzzed(count):
        try:
            with conn.transaction():
                conn.execute("select embed_image(%s)", (content,), binary=True)
            answered += 1
        except psycopg.errors.DataException as error:
            lines.append(error.diag.message_primary)
    assert conn.info.backend_pid == pid
    assert not any("\n" in line for line in lines)
    return answered, len(lines)


@pytest.mark.long
def test_fuzzed_files_leave_the_backend_up(asking):
    before = private_mb(asking)
    answered, refused = ask_all(asking, 130)
    assert answered > 10
    assert refused > 30
    assert private_mb(asking) < before + 20


@pytest.mark.faults
def test_two_thousand_fuzzed_files_leave_the_server_up(asking):
    before = private_mb(asking)
    answered, refused = ask_all(asking, 2000)
    assert answered + refused == 2000
    assert min(answered, refused) > 200
    assert private_mb(asking) < before + 20
