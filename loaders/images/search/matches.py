"""Reverse image search from a shell: a table, and a picture of the question beside its matches."""

import textwrap
from pathlib import Path
from typing import NamedTuple

import psycopg
from PIL import Image, ImageDraw, ImageFont

from loaders.core.errors import Problem
from udfs.picture_headers import BadPicture
from udfs.pictures import BYTES, THUMBNAIL, decode

SEARCH = """
    select match.image_id, match.title, match.class, match.confidence, match.typical,
        match.page_url, match.licence, match.author, image.thumbnail
    from muse.similar_images(%s::bytea, %s::integer, %s::real) with ordinality as match
    join muse.images as image on image.image_id = match.image_id
    order by match.ordinality
"""
SIDE, MARGIN, TEXT, COLUMNS = 200, 16, 52, 5  # pixels, and matches a row
WRITABLE = (".png", ".jpg")
GROUND, INK, PALE = (255, 253, 248), (40, 40, 40), (130, 130, 130)


class Match(NamedTuple):
    """A row of similar_images() with its thumbnail."""

    image_id: int
    title: str | None
    class_: str | None
    confidence: float
    typical: float
    page_url: str | None
    licence: str | None
    author: str | None
    thumbnail: bytes


def read(path: Path) -> bytes:
    """The bytes of a picture, not decoded yet."""
    try:
        with path.open("rb") as file:
            return file.read(BYTES + 1)
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error


def search(conn: psycopg.Connection, content: bytes, n: int, min_confidence: float) -> list[Match]:
    """What is stored that looks like it, nearest first."""
    rows = conn.execute(SEARCH, (content, n, min_confidence)).fetchall()
    return [Match(*row) for row in rows]


def table(matches: list[Match]) -> str:
    """Lines for a terminal."""
    lines = [f"{'confidence':>10} {'typical':>8}  {'class':<24} {'title':<40} page"]
    lines += [
        f"{match.confidence:>10.0%} {match.typical:>8.0%}  {_short(match.class_, 24):<24} "
        f"{_short(match.title, 40):<40} {match.page_url or ''}".rstrip()
        for match in matches
    ]
    return "\n".join(lines)


def verdict(matches: list[Match]) -> str:
    """In a sentence, what to make of it."""
    best = max(matches, key=lambda match: match.confidence, default=None)
    if best is None:
        return "no picture is stored that is sure enough"
    named = best.class_ or best.title or f"picture {best.image_id}"
    if best.confidence < 0.5:
        return f"nothing stored fits: the likeliest, {named}, has {best.confidence:.0%}"
    return f"most likely {named}, {best.confidence:.0%}"


def picture(content: bytes, matches: list[Match], out: Path) -> None:
    """A picture of the question and its matches, in a file of one of WRITABLE."""
    rows = max(-(-len(matches) // COLUMNS), 1)
    cell, height = SIDE + MARGIN, SIDE + TEXT + MARGIN
    size = (MARGIN + (COLUMNS + 1) * cell + MARGIN, MARGIN + rows * height)
    sheet = Image.new("RGB", size, GROUND)
    pen = ImageDraw.Draw(sheet)
    try:
        _place(sheet, pen, (MARGIN, MARGIN), content, "asked about", verdict(matches))
    except BadPicture as error:
        raise Problem(str(error)) from error
    for number, match in enumerate(matches):
        row, column = divmod(number, COLUMNS)
        place = (2 * MARGIN + (column + 1) * cell, MARGIN + row * height)
        named = match.class_ or match.title or f"picture {match.image_id}"
        _place(sheet, pen, place, match.thumbnail, f"{match.confidence:.0%}", named)
    sheet.save(out)


def _place(
    sheet: Image.Image,
    pen: ImageDraw.ImageDraw,
    place: tuple[int, int],
    content: bytes,
    head: str,
    words: str,
) -> None:
    image = decode(content, THUMBNAIL)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    left, top = place
    sheet.paste(image, (left + (SIDE - image.width) // 2, top + (SIDE - image.height) // 2))
    pen.text((left, top + SIDE + 4), head, fill=INK, font=ImageFont.load_default(14))
    lines = "\n".join(textwrap.wrap(words, 32)[:2])
    pen.text((left, top + SIDE + 21), lines, fill=PALE, font=ImageFont.load_default(12))


def _short(text: str | None, width: int) -> str:
    return textwrap.shorten(text or "", width, placeholder="...")
