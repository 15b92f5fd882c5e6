"""Limits and headers of every request and answer, as ASGI middleware."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
SECONDS = 60.0  # in which the body of a request has arrived


class TooLarge(Exception):
    """The body of a request is larger than the limit."""


class SecurityHeaders:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, add if scope["type"] == "http" else send)


class SameOrigin:
    """Refuses requests that another site makes a visitor's browser send, unless they only read.

    Browsers say where a request comes from in Sec-Fetch-Site or Origin; programs send neither, and
    have nothing to steal: there are no cookies and no logins.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            headers = Headers(scope=scope)
            site, origin = headers.get("sec-fetch-site"), headers.get("origin")
            is_ours = (
                site in ("same-origin", "none")
                if site is not None
                else origin is None or urlsplit(origin).netloc == headers.get("host")
            )
            if not is_ours:
                answer = PlainTextResponse("this request comes from another site", 403)
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


class BodyLimit:
    """Refuses bodies that are too large, or too slow."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and int(length) > self.most:
            await self._refuse(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + SECONDS
        size, has_ended, has_begun, is_broken = 0, False, False, False

        async def limited() -> Message:
            nonlocal size, has_ended, is_broken
            if has_ended:  # Starlette waits here for the visitor to leave
                return await receive()
            left = deadline - asyncio.get_running_loop().time()
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.001))
            except TimeoutError:
                is_broken = True
                raise
            size += len(message.get("body", b""))
            has_ended = not message.get("more_body", False)
            if size > self.most:
                is_broken = True
                raise TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal has_begun
            if is_broken and not has_begun:  # the framework's own words for our error
                return
            has_begun = True
            await send(message)

        with suppress(TooLarge, TimeoutError):
            await self.app(scope, limited, watched)
        if is_broken and not has_begun:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        megabytes = self.most // 1_000_000
        words = f"a request has {megabytes} MB at most, and {SECONDS:.0f} s to arrive"
        await PlainTextResponse(words, 413, {"connection": "close"})(scope, receive, send)
