"""Errors as answers: a page for browsers, JSON for programs, in words that say what to do."""

from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from psycopg_pool import PoolTimeout, TooManyRequests
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from loaders.core.console import note
from web.database import PROBLEMS, words_of
from web.headers import HEADERS
from web.rendering import environment

BUSY = "the database is busy: try again in a minute"
AWAY = "the database does not answer: ./pgmuse status says more"
OTHER = "the database has another version than these pages: ./pgmuse migrate, then serve again"
FAULT = "this is an error of the pages; the terminal of ./pgmuse serve says more"
# Texts that PostgreSQL cannot store, which psycopg refuses without a message of the server.
NO_TEXT = "a text has a character that the database cannot store"


class ErrorAnswer(BaseModel):
    """An error."""

    detail: str = Field(description="What is wrong")
    hint: str | None = Field(None, description="What to do; absent where nothing is known")


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "model": ErrorAnswer}
    for status, words in {
        400: "A value is wrong, in the database's words, or the host name is unknown",
        422: "A parameter is missing or out of range",
        503: "The database is away or busy, or too much is requested at once; try again later",
    }.items()
}


def answer(request: Request, status: int, words: str, hint: str = "") -> Response:
    """An error, as a page for browsers and as JSON for programs."""
    headers = {"cache-control": "no-store"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = "30"
    if "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers:
        name = "parts/error.html" if "hx-request" in request.headers else "error.html"
        content = environment.get_template(name).render(
            path=request.url.path, status=status, words=words, hint=hint
        )
        return HTMLResponse(content, status, headers)
    detail = {"detail": words} | ({"hint": hint} if hint else {})
    return JSONResponse(detail, status, headers)


def http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "there is no such page"} if error.detail == "Not Found" else {}
    response = answer(request, error.status_code, words.get(error.status_code, str(error.detail)))
    response.headers.update(error.headers or {})
    return response


def invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [f"{one['loc'][-1]}: {one['msg'].lower()}" for one in error.errors()]
    return answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(problems))


def database_error(request: Request, error: Exception) -> Response:
    """Errors of arguments in the database's words, others without details."""
    assert isinstance(error, psycopg.Error)
    if isinstance(error, PROBLEMS):
        hint = error.diag.message_hint or ""
        return answer(request, HTTPStatus.BAD_REQUEST, words_of(error) or NO_TEXT, hint)
    if isinstance(error, (PoolTimeout, TooManyRequests, psycopg.errors.QueryCanceled)):
        return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, BUSY)
    if isinstance(error, psycopg.OperationalError):
        note(f"{request.url.path}: {type(error).__name__}: {error}")
        return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, AWAY)
    if isinstance(error, psycopg.ProgrammingError):
        note(f"{request.url.path}: {error}")
        return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, OTHER)
    raise error


def fault(request: Request, error: Exception) -> Response:
    """The answer to an error in our code, which is logged; outside of all middleware."""
    response = answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, FAULT)
    response.headers.update(HEADERS)
    return response
