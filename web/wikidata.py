"""Wikidata: classes as a tree, and their items with pictures and articles."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from loaders.core.queries import Queries
from web.database import Database, select
from web.rendering import render

QUERIES = Queries(Path(__file__).with_suffix(".sql"))
router = APIRouter(prefix="/wikidata", include_in_schema=False)
ROWS = 48

Page = Annotated[int, Query(ge=1, le=10_000)]


@router.get("", response_class=HTMLResponse)
def classes(
    request: Request, q: Annotated[str, Query(max_length=200)] = "", page: Page = 1
) -> HTMLResponse:
    """The classes with the most items."""
    database: Database = request.app.state.database
    rows = database.select(QUERIES.classes, words=q.strip(), n=ROWS + 1, offset=(page - 1) * ROWS)
    return render(request, "classes.html", q=q, page=page, rows=rows, most=ROWS)


@router.get("/classes/{class_id:path}", response_class=HTMLResponse)
def show_class(request: Request, class_id: str, page: Page = 1) -> HTMLResponse:
    """A class: what it is a subclass of, its subclasses, and its items."""
    database: Database = request.app.state.database
    with database.connection() as conn:
        result = select(conn, QUERIES.class_, class_id=class_id)
        if result.first is None:
            raise HTTPException(404, f"there is no class {class_id[:30]}")
        values: dict[str, Any] = {
            "above": select(conn, QUERIES.superclasses, class_id=class_id),
            "below": select(conn, QUERIES.subclasses, class_id=class_id),
            "items": select(
                conn, QUERIES.instances, class_id=class_id, n=ROWS + 1, offset=(page - 1) * ROWS
            ),
        }
    return render(
        request, "class.html", one=result.first, query=result.query, page=page, most=ROWS, **values
    )


@router.get("/items/{wikidata_id:path}", response_class=HTMLResponse)
def item(request: Request, wikidata_id: str) -> HTMLResponse:
    """An item: its picture, its classes and its statements."""
    database: Database = request.app.state.database
    with database.connection() as conn:
        result = select(conn, QUERIES.item, wikidata_id=wikidata_id)
        if result.first is None:
            raise HTTPException(404, f"there is no item {wikidata_id[:30]}")
        classes = select(conn, QUERIES.classes_of_item, wikidata_id=wikidata_id)
    return render(request, "item.html", item=result.first, query=result.query, classes=classes)
