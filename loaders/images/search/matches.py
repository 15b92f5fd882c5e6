"""`pgmuse search`: matches as a table, and a picture of the query beside its matches."""

import textwrap
from pathlib import Path
from typing import NamedTuple

import psycopg
from PIL import Image, ImageDraw, ImageFont

from loaders.core.errors import Problem
from loaders.core.queries import Queries
from udfs.picture_headers import BadPicture
from udfs.pictures import BYTES, THUMBNAIL, decode

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
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
    """The bytes of a file, at most one more than a picture may have. Errors: Problem."""
    try:
        with path.open("rb") as file:
            return file.read(BYTES + 1)
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error


def search(conn: psycopg.Connection, content: bytes, n: int, min_confidence: float) -> list[Match]:
    """The n most similar stored pictures, nearest first."""
    values = {"picture": content, "n": n, "min_confidence": min_confidence}
    rows = conn.execute(QUERIES.similar_images, values).fetchall()
    return [Match(*row) for row in rows]


def table(matches: list[Match]) -> str:
    """The matches as a table for a terminal."""
    lines = [f"{'confidence':>10} {'typical':>8}  {'class':<24} {'title':<40} page"]
    lines += [
        f"{match.confidence:>10.0%} {match.typical:>8.0%}  {_short(match.class_, 24):<24} "
        f"{_short(match.title, 40):<40} {match.page_url or ''}".rstrip()
        for match in matches
    ]
    return "\n".join(lines)


def verdict(matches: list[Match]) -> str:
    """A sentence with the best match and its confidence."""
    best = max(matches, key=lambda match: match.confidence, default=None)
    if best is None:
        return "no match has that confidence"
    name = best.class_ or best.title or f"picture {best.image_id}"
    if best.confidence < 0.5:
        return f"no match: the best one, {name}, has {best.confidence:.0%}"
    return f"most likely {name}, {best.confidence:.0%}"


def picture(content: bytes, matches: list[Match], out: Path) -> None:
    """Draw the query and its matches to a .png or .jpg file."""
    rows = max(-(-len(matches) // COLUMNS), 1)
    cell, height = SIDE + MARGIN, SIDE + TEXT + MARGIN
    size = (MARGIN + (COLUMNS + 1) * cell + MARGIN, MARGIN + rows * height)
    sheet = Image.new("RGB", size, GROUND)
    pen = ImageDraw.Draw(sheet)
    try:
        _paste(sheet, pen, (MARGIN, MARGIN), content, "query", verdict(matches))
    except BadPicture as error:
        raise Problem(str(error)) from error
    for number, match in enumerate(matches):
        row, column = divmod(number, COLUMNS)
        corner = (2 * MARGIN + (column + 1) * cell, MARGIN + row * height)
        name = match.class_ or match.title or f"picture {match.image_id}"
        _paste(sheet, pen, corner, match.thumbnail, f"{match.confidence:.0%}", name)
    sheet.save(out)


def _paste(
    sheet: Image.Image,
    pen: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    content: bytes,
    head: str,
    words: str,
) -> None:
    """Paste a picture at its top left corner, with two lines of text below."""
    image = decode(content, THUMBNAIL)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    left, top = corner
    sheet.paste(image, (left + (SIDE - image.width) // 2, top + (SIDE - image.height) // 2))
    pen.text((left, top + SIDE + 4), head, fill=INK, font=ImageFont.load_default(14))
    lines = "\n".join(textwrap.wrap(words, 32)[:2])
    pen.text((left, top + SIDE + 21), lines, fill=PALE, font=ImageFont.load_default(12))


def _short(text: str | None, width: int) -> str:
    return textwrap.shorten(text or "", width, placeholder="...")
