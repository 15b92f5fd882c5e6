"""Drawings of networks: icons, hieroglyphs, ink, and a pad to draw on."""

import re
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from loaders.core.queries import Queries
from web.database import PROBLEMS, Database, select, words_of
from web.rendering import render

QUERIES = Queries(Path(__file__).with_suffix(".sql"))
router = APIRouter(tags=["drawings"])
INK = 9  # drawings on the page
DRAWINGS = {"icon": 12, "hieroglyph": 12, "ink": 1}  # samples of a request
SIDE = 32
KINDS = {"icon": "icons", "hieroglyph": "hieroglyphs", "ink": "ink"}


@router.get("/gallery", response_class=HTMLResponse, include_in_schema=False)
def page(request: Request) -> HTMLResponse:
    """The newest samples of each kind."""
    database: Database = request.app.state.database
    with database.connection() as conn:
        values: dict[str, Any] = {
            kind: select(conn, QUERIES.drawn_bitmaps, kind=kind, sample_id=None)
            for kind in ("icons", "hieroglyphs")
        }
        values["ink"] = select(conn, QUERIES.drawn_ink, n=INK)
    return render(request, "gallery.html", drawings=DRAWINGS, **values)


@router.get("/gallery/{kind}", response_class=HTMLResponse, include_in_schema=False)
def part(request: Request, kind: str) -> HTMLResponse:
    """One kind of samples, which a finished drawing replaces on the page."""
    if kind not in KINDS.values():
        raise HTTPException(404, f"there is no gallery of {kind}")
    database: Database = request.app.state.database
    rows = (
        database.select(QUERIES.drawn_ink, n=INK)
        if kind == "ink"
        else database.select(QUERIES.drawn_bitmaps, kind=kind, sample_id=None)
    )
    return render(request, f"{kind}.html", rows=rows, drawings=DRAWINGS)


@router.post("/drawings", response_class=HTMLResponse, include_in_schema=False)
def request_drawing(request: Request, drawing: Annotated[str, Form(max_length=30)]) -> HTMLResponse:
    """Queue a drawing; the answer is what `/drawings/ID` says of it."""
    if drawing not in DRAWINGS:
        raise HTTPException(422, f"{drawing} is none of {', '.join(DRAWINGS)}")
    database: Database = request.app.state.database
    row = database.select(QUERIES.request_drawing, drawing=drawing, n=DRAWINGS[drawing]).first
    assert row is not None
    request.app.state.drawings.wake()
    return show_request(request, row["request_id"])


@router.get("/drawings/{request_id}", response_class=HTMLResponse, include_in_schema=False)
def show_request(request: Request, request_id: int) -> HTMLResponse:
    """How far a requested drawing is; the page asks every second."""
    database: Database = request.app.state.database
    row = None
    if 0 < request_id < 1 << 63:
        row = database.select(QUERIES.drawing, request_id=request_id).first
    if row is None:
        raise HTTPException(404, f"there is no requested drawing {request_id}")
    return render(
        request, "drawing.html", drawing=row, kind=KINDS.get(row["drawing"], "icons"),
        can_draw=request.app.state.settings.can_draw,
    )  # fmt: skip


@router.get("/pad", response_class=HTMLResponse, include_in_schema=False)
def pad(
    request: Request,
    bitmap: Annotated[str, Query(max_length=SIDE * SIDE // 4)] = "",
    seed: Annotated[int, Query(ge=0, lt=1 << 31)] = 0,
) -> HTMLResponse:
    """A drawn bitmap, in hexadecimal digits: similar icons, labels, and how a network ends it."""
    database: Database = request.app.state.database
    bits = to_bits(bitmap)
    values: dict[str, Any] = {"icons": None, "labels": None, "finished": None, "problem": ""}
    if "1" in bits:
        with database.connection() as conn:
            values["icons"] = select(conn, QUERIES.similar_icons, bitmap=bits)
            try:
                values["labels"] = select(conn, QUERIES.icon_labels, bitmap=bits)
                values["finished"] = select(conn, QUERIES.finish_icon, bitmap=bits, seed=seed)
            except PROBLEMS as error:
                values["problem"] = words_of(error)
    return render(request, "pad.html", bitmap=bitmap, seed=seed, **values)


def to_bits(digits: str) -> str:
    """The 1,024 bits of a bitmap from 256 hexadecimal digits; '' for anything else."""
    if not re.fullmatch(r"[0-9a-fA-F]{256}", digits):
        return ""
    return f"{int(digits, 16):0{SIDE * SIDE}b}"
