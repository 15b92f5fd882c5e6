"""Health: the view of that name, for people and monitors."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from loaders.core.queries import Queries
from web.database import Database
from web.rendering import render

QUERIES = Queries(Path(__file__).with_suffix(".sql"))
router = APIRouter(tags=["health"])


@router.get("/health", response_class=HTMLResponse, include_in_schema=False)
def health(request: Request) -> HTMLResponse:
    """The checks, those that need somebody first."""
    database: Database = request.app.state.database
    return render(request, "health.html", checks=database.select(QUERIES.health))


class HealthRow(BaseModel):
    """A check of the database."""

    check_name: str
    subject: str
    status: Literal["ok", "warning", "bad"]
    value: str | None
    since: datetime | None
    advice: str | None = Field(description="What to do")


@router.get(
    "/health.json",
    summary="The rows of the view health, those that are bad first",
    response_model=list[HealthRow],
)
def health_json(request: Request) -> list[dict[str, Any]]:
    """One object per check: check_name, subject, status (ok, warning or bad), value, advice."""
    database: Database = request.app.state.database
    return database.select(QUERIES.health).rows
