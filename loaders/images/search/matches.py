"""`pgmuse search`: matches as a table, and a picture of the query beside its matches."""

import io
import textwrap
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psycopg
from PIL import Image, ImageDraw, ImageFont

from loaders.core.errors import Problem, write_out
from loaders.core.queries import Queries
from loaders.images.decoding import LIMITS, Decoder, sha256
from udfs.picture_headers import BadPicture
from udfs.pictures import THUMBNAIL, decode

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
SURE = 0.5  # confidence below which a picture looks like nothing that is stored
SIDE, MARGIN, TEXT, COLUMNS = 200, 16, 52, 5  # pixels, and matches a row
TRAIN = "./pgmuse train classifier, then ./pgmuse train images"
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


class Query(NamedTuple):
    """A picture reduced to a thumbnail, as stored ones are, and the SHA-256 of its file."""

    thumbnail: bytes
    sha256: bytes


class SimilarClass(NamedTuple):
    """A row of similar_classes()."""

    class_: str
    confidence: float
    pictures: int


def read(path: Path) -> Query:
    """The picture in a file, decoded in a process of its own. Errors: Problem."""
    try:
        with path.open("rb") as file:
            content = file.read(LIMITS.bytes + 1)
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error
    return reduce(content)


def reduce(content: bytes) -> Query:
    """A picture reduced to a thumbnail. Errors: Problem where it cannot be decoded."""
    with closing(Decoder(1)) as decoder:
        try:
            thumbnail = decoder.result(decoder.submit(content)).thumbnail
        except BadPicture as error:
            raise Problem(str(error)) from error
    return Query(thumbnail, sha256(content))


def check_vectors(conn: psycopg.Connection) -> str | None:
    """How many pictures cannot be found, because they have no vector yet.

    Errors: Problem where none can.
    """
    missing, pictures = conn.execute(QUERIES.count_without_vector).fetchone() or (0, 0)
    if not pictures:
        raise Problem("there are no pictures: run ./pgmuse load images FOLDER")
    if missing == pictures:
        raise Problem(f"none of {pictures:,} pictures has a vector yet: run {TRAIN}")
    if not missing:
        return None
    return f"{missing:,} of {pictures:,} pictures have no vector yet: ./pgmuse train images"


def search(conn: psycopg.Connection, query: Query, n: int, min_confidence: float) -> list[Match]:
    """The n most similar stored pictures, nearest first."""
    values = {
        "picture": query.thumbnail,
        "file_hash": query.sha256,
        "n": n,
        "min_confidence": min_confidence,
    }
    return [Match(*row) for row in conn.execute(QUERIES.similar_images, values)]


def classes(conn: psycopg.Connection, query: Query, n: int) -> list[SimilarClass]:
    """The classes of the n most similar pictures, likeliest first."""
    values = {"n": max(n, 10), "picture": query.thumbnail, "file_hash": query.sha256}
    return [SimilarClass(*row) for row in conn.execute(QUERIES.similar_classes, values)]


def table(matches: list[Match]) -> str:
    """The matches as a table for a terminal."""
    lines = [f"{'confidence':>10} {'typical':>8}  {'class':<24} {'title':<40} page"]
    lines += [
        f"{match.confidence:>10.0%} {match.typical:>8.0%}  {_short(match.class_, 24):<24} "
        f"{_short(match.title, 40):<40} {match.page_url or ''}".rstrip()
        for match in matches
    ]
    return "\n".join(lines)


def table_of_classes(kinds: list[SimilarClass]) -> str:
    """The likeliest classes as a table for a terminal."""
    lines = [f"{'confidence':>10} {'pictures':>8}  class"]
    lines += [f"{one.confidence:>10.0%} {one.pictures:>8}  {one.class_}" for one in kinds[:5]]
    return "\n".join(lines)


def verdict(matches: list[Match], kinds: list[SimilarClass]) -> str:
    """A sentence with the likeliest class, or with the best match where no match has a class."""
    if not matches:
        return "no match has that confidence"
    best = max(matches, key=lambda match: match.confidence)
    title = best.title or f"picture {best.image_id}"
    name, confidence = likeliest(best.confidence, best.class_, title, kinds)
    if confidence < SURE:
        return f"no match: the best one, {name}, has {confidence:.0%}"
    return f"most likely {name}, {confidence:.0%}"


def likeliest(
    confidence: float, class_: str | None, title: str, kinds: Sequence[SimilarClass]
) -> tuple[str, float]:
    """What the query shows and the confidence, from the best match and the classes of all.

    Without kinds the classes are no kinds of things, and say nothing.
    """
    if class_ is None or not kinds:
        return title, confidence
    if kinds[0].confidence > confidence:
        return kinds[0].class_, kinds[0].confidence
    return class_, confidence


def picture(query: Query, words: str, matches: list[Match], out: Path) -> None:
    """Draw the query and its matches to a .png or .jpg file. words: below the query."""
    rows = max(-(-len(matches) // COLUMNS), 1)
    cell, height = SIDE + MARGIN, SIDE + TEXT + MARGIN
    size = (MARGIN + (COLUMNS + 1) * cell + MARGIN, MARGIN + rows * height)
    sheet = Image.new("RGB", size, GROUND)
    pen = ImageDraw.Draw(sheet)
    _paste(sheet, pen, (MARGIN, MARGIN), query.thumbnail, "query", words)
    for number, match in enumerate(matches):
        row, column = divmod(number, COLUMNS)
        corner = (2 * MARGIN + (column + 1) * cell, MARGIN + row * height)
        name = match.class_ or match.title or f"picture {match.image_id}"
        _paste(sheet, pen, corner, match.thumbnail, f"{match.confidence:.0%}", name)
    content = io.BytesIO()
    sheet.save(content, Image.registered_extensions()[out.suffix.lower()])
    write_out(out, content.getvalue())


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
