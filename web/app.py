"""The application: its pages, its limits, and the words of its errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

import udfs
from web import files, gallery, health, images, songs, wikidata
from web.database import PROBLEMS, Database, words_of
from web.drawing import Drawings
from web.rendering import FOLDER, environment, render
from web.security import BodyLimit, SameOrigin, SecurityHeaders
from web.settings import Settings

LOCAL = ("localhost", "127.0.0.1", "[::1]")
BUSY = "the database is busy: try again in a minute"
AWAY = "the database does not answer: ./pgmuse status says more"


def create_app(settings: Settings) -> FastAPI:
    """The pages as an ASGI application."""
    database, drawings = Database(settings.connections, settings.seconds), Drawings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database.open()
        app.state.search = images.Search(database, settings.decoders)
        if settings.can_draw:
            drawings.start()
        yield
        drawings.stop()
        app.state.search.close()
        database.close()

    app = FastAPI(
        title="pgmuse",
        summary="Reverse image search, song radio and drawings, answered by one database.",
        version=udfs.REVISION,
        lifespan=lifespan,
        docs_url=None,  # these load scripts from elsewhere; /api is ours
        redoc_url=None,
    )
    app.state.database, app.state.drawings, app.state.settings = database, drawings, settings
    for topic in (files, health, images, songs, gallery, wikidata):
        app.include_router(topic.router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    app.add_api_route("/api", describe, include_in_schema=False, response_class=HTMLResponse)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, invalid_request)
    app.add_exception_handler(psycopg.Error, database_error)
    app.add_middleware(BodyLimit, most=settings.upload)
    app.add_middleware(SameOrigin)
    if "*" not in settings.names:
        hosts = [*LOCAL, settings.host, *settings.names]
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
    app.add_middleware(SecurityHeaders)
    return app


def describe(request: Request) -> HTMLResponse:
    """The addresses for programs, from the OpenAPI description."""
    return render(request, "api.html", api=request.app.openapi())


def answer(request: Request, status: int, words: str, hint: str = "") -> Response:
    """An error, as a page for browsers and as JSON for programs."""
    headers = {"retry-after": "30"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
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
    return answer(request, error.status_code, words.get(error.status_code, str(error.detail)))


def invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [f"{one['loc'][-1]}: {one['msg'].lower()}" for one in error.errors()]
    return answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(problems))


def database_error(request: Request, error: Exception) -> Response:
    """Errors of arguments in the database's words, others without details."""
    assert isinstance(error, psycopg.Error)
    if isinstance(error, PROBLEMS):
        hint = error.diag.message_hint or ""
        return answer(request, HTTPStatus.BAD_REQUEST, words_of(error), hint)
    if isinstance(error, (PoolTimeout, TooManyRequests, psycopg.errors.QueryCanceled)):
        return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, BUSY)
    if isinstance(error, psycopg.OperationalError):
        return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, AWAY)
    raise error
