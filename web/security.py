"""Which requests are served at all: by their host name and by the site that sends them."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from web.errors import answer

READING = ("GET", "HEAD", "OPTIONS")


def host_name(host: str) -> str:
    """The name in a header Host or an option, without its port; '' for what is no name."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    is_name = parts.netloc == host and "@" not in host
    return (parts.hostname or "").rstrip(".") if is_name else ""


def is_address(name: str) -> bool:
    """Whether a host name is an address in numbers."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


class HostNames:
    """Refuses requests for host names that are not ours.

    A site whose name leads to this machine could read the pages in a visitor's browser. An address
    in numbers cannot be such a name. `*.example.org` stands for all names below.
    """

    def __init__(self, app: ASGIApp, names: tuple[str, ...]) -> None:
        self.app, self.names = app, {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.is_ours(Headers(scope=scope).get("host", "")):
            await self.app(scope, receive, send)
            return
        words = "these pages have another host name"
        hint = "./pgmuse serve --name NAME adds a name"
        await answer(Request(scope), 400, words, hint)(scope, receive, send)

    def is_ours(self, host: str) -> bool:
        name = host_name(host)
        above = f"*.{name.partition('.')[2]}"
        return bool(name) and (bool({"*", name, above} & self.names) or is_address(name))


class SameOrigin:
    """Refuses requests that another site makes a visitor's browser send, unless they only read.

    Browsers say where a request comes from in Sec-Fetch-Site or Origin; programs send neither, and
    have nothing to steal: there are no cookies and no logins.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in READING or is_own(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        words = "this request comes from another site"
        await answer(Request(scope), 403, words)(scope, receive, send)


def is_own(headers: Headers) -> bool:
    """Whether a request comes from these pages, or from no page."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site in ("same-origin", "none")
    return origin is None or origin.partition("://")[2] == headers.get("host")
