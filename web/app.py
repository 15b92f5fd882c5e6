"""The application: its pages, its limits, and the words of its errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

import udfs
from web import files, gallery, health, home, images, songs, wikidata
from web.database import Database
from web.drawing import Drawings
from web.errors import RESPONSES, database_error, fault, http_error, invalid_request
from web.headers import HeadAsGet, SecurityHeaders
from web.limits import AtOnce, BodyLimit
from web.rendering import FOLDER, render
from web.security import HostNames, SameOrigin
from web.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The pages as an ASGI application."""
    database = Database(settings.connections, settings.seconds)
    drawings = Drawings(database.check)

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
        responses=RESPONSES,
    )
    app.state.database, app.state.drawings, app.state.settings = database, drawings, settings
    for topic in (files, home, health, images, songs, gallery, wikidata):
        app.include_router(topic.router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    app.add_api_route("/api", describe, include_in_schema=False, response_class=HTMLResponse)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, invalid_request)
    app.add_exception_handler(psycopg.Error, database_error)
    app.add_exception_handler(Exception, fault)
    app.add_middleware(BodyLimit, most=settings.upload, seconds=settings.arrival)
    app.add_middleware(AtOnce)
    app.add_middleware(SameOrigin)
    app.add_middleware(HostNames, names=(settings.host, *settings.names))
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders)
    return app


def describe(request: Request) -> HTMLResponse:
    """The addresses for programs, from the OpenAPI description."""
    return render(request, "api.html", api=request.app.openapi())
