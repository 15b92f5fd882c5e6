"""The first page."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from loaders.core.queries import Queries
from web import gallery, images
from web.database import Database, select
from web.rendering import render

QUERIES = Queries(Path(__file__).with_suffix(".sql"))
router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
def home(request: Request) -> HTMLResponse:
    """What is here."""
    database: Database = request.app.state.database
    with database.connection() as conn:
        counts = select(conn, QUERIES.counts)
        pictures = select(conn, images.QUERIES.any_pictures)
        ink = select(conn, gallery.QUERIES.drawn_ink, n=1)
        icons = select(conn, gallery.QUERIES.drawn_bitmaps, kind="icons", sample_id=None)
    return render(request, "home.html", counts=counts, pictures=pictures, ink=ink, icons=icons)
