"""Pictures at stable addresses, for the pages and for BI tools: the column picture_url."""

import hashlib
from pathlib import Path
from typing import LiteralString

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from loaders.core.queries import Queries
from web.database import Database

QUERIES = Queries(Path(__file__).with_suffix(".sql"))
router = APIRouter(include_in_schema=False)
# A day: a picture is stored again only where a new version of the decoder reads it better.
CACHE = "public, max-age=86400"
SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)
SIDE = 128  # pixels of a bitmap
LARGEST = 1 << 63


def _file(request: Request, query: LiteralString, cache: str = CACHE, **values: object) -> Response:
    """A picture of the database, or 304 where the browser has it."""
    database: Database = request.app.state.database
    if any(isinstance(value, int) and not 0 < value < LARGEST for value in values.values()):
        raise HTTPException(404, "there is no such picture")
    row = database.select(query, **values).first
    if row is None or row["content"] is None:
        raise HTTPException(404, "there is no such picture")
    content = bytes(row["content"])
    tag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = {"etag": tag, "cache-control": cache, "cross-origin-resource-policy": "cross-origin"}
    tags = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
    if {tag, f"W/{tag}", "*"} & set(tags):
        return Response(status_code=304, headers=headers)
    media = next((name for start, name in SIGNATURES if content.startswith(start)), None)
    if media is None:
        raise HTTPException(404, "there is no such picture")
    return Response(content, media_type=media, headers=headers)


@router.get("/images/{image_id}.jpg")
def image(request: Request, image_id: int) -> Response:
    """The thumbnail of a picture."""
    return _file(request, QUERIES.image_file, id=image_id)


@router.get("/samples/stela.png")
def stela(request: Request) -> Response:
    """The newest signs, carved."""
    return _file(request, QUERIES.stela_file, cache="no-cache")


@router.get("/samples/{sample_id}.png")
def drawing(request: Request, sample_id: int) -> Response:
    """The last frame of a drawing of Deep Ink."""
    return _file(request, QUERIES.sample_file, id=sample_id, format="png")


@router.get("/samples/{sample_id}.gif")
def animation(request: Request, sample_id: int) -> Response:
    """All frames of a drawing of Deep Ink."""
    return _file(request, QUERIES.sample_file, id=sample_id, format="gif")


@router.get("/samples/{sample_id}/{place}.png")
def bitmap(request: Request, sample_id: int, place: int) -> Response:
    """A stored icon or sign of a network."""
    return _file(request, QUERIES.sample_bitmap, id=sample_id, place=place, scale=4)


@router.get("/icons/{icon_id}.png")
def icon(request: Request, icon_id: int) -> Response:
    """A loaded icon."""
    return _file(request, QUERIES.icon_file, id=icon_id, scale=4)


@router.get("/grids/{bits}.png")
def grid(request: Request, bits: str) -> Response:
    """A bitmap, given as its bits."""
    side = int(len(bits) ** 0.5)
    if not 1 <= side <= 64 or side * side != len(bits) or set(bits) - {"0", "1"}:
        raise HTTPException(404, "there is no such bitmap")
    return _file(request, QUERIES.bitmap_file, bitmap=bits, scale=max(1, SIDE // side))
