"""How much is served at once, and how large and slow a request may be, as ASGI middleware."""

import asyncio
from contextlib import suppress
from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.errors import answer
from web.security import READING

MEGABYTE = 1 << 20
AT_ONCE = 64  # requests
UPLOADS = 16  # requests with a body, which take memory and files
WAITING = 5.0  # seconds that a request waits for others to end
DROPPING = 10.0  # seconds for the rest of a refused body
WORDS = "too much is requested at once: try again in a minute"


class TooLarge(Exception):
    """The body of a request is larger than the limit."""


class AtOnce:
    """Lets requests wait while as many as the limit are served, uploads and others; then 503."""

    def __init__(
        self, app: ASGIApp, reads: int = AT_ONCE, uploads: int = UPLOADS, seconds: float = WAITING
    ) -> None:
        self.app, self.seconds = app, seconds
        self.reads, self.uploads = asyncio.Semaphore(reads), asyncio.Semaphore(uploads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        places = self.reads if scope["method"] in READING else self.uploads
        try:
            async with asyncio.timeout(self.seconds):
                await places.acquire()
        except TimeoutError:
            await refuse(HTTPStatus.SERVICE_UNAVAILABLE, WORDS, scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            places.release()


class BodyLimit:
    """Refuses bodies that are too large, or too slow. most: bytes. seconds: to arrive."""

    def __init__(self, app: ASGIApp, most: int, seconds: float) -> None:
        self.app, self.most, self.seconds = app, most, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and int(length) > self.most:
            await self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self.seconds
        size, has_ended, has_begun, status = 0, False, False, 0

        async def limited() -> Message:
            nonlocal size, has_ended, status
            if has_ended:  # Starlette waits here for the visitor to leave
                return await receive()
            left = deadline - asyncio.get_running_loop().time()
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.001))
            except TimeoutError:
                status = HTTPStatus.REQUEST_TIMEOUT
                raise
            size += len(message.get("body", b""))
            has_ended = not message.get("more_body", False)
            if size > self.most:
                status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                raise TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal has_begun
            if status and not has_begun:  # the framework's own words for our error
                return
            has_begun = True
            await send(message)

        with suppress(TooLarge, TimeoutError):
            await self.app(scope, limited, watched)
        if status and not has_begun:
            await self._refuse(status, scope, receive, send)

    async def _refuse(self, status: int, scope: Scope, receive: Receive, send: Send) -> None:
        megabytes = self.most / MEGABYTE
        words = f"a request has {megabytes:.3g} MB at most, and {self.seconds:.0f} s to arrive"
        await refuse(status, words, scope, receive, send)


async def refuse(status: int, words: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with an error, and close.

    A browser that is still sending when the connection closes never reads the answer, so that what
    it sends is read for some seconds, and dropped.
    """
    if status != HTTPStatus.REQUEST_TIMEOUT and "expect" not in Headers(scope=scope):
        with suppress(TimeoutError):
            async with asyncio.timeout(DROPPING):
                while (await receive()).get("more_body", False):
                    pass
    response = answer(Request(scope), status, words)
    response.headers["connection"] = "close"
    await response(scope, receive, send)
