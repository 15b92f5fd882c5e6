"""An HTTP client that names its contact, retries politely, and bounds time and size."""

import math
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode, urljoin
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError

from loaders.core.config import version
from loaders.core.console import say
from loaders.core.entries import printable
from loaders.core.errors import Problem
from loaders.core.http.connections import POOLS, deadline
from loaders.core.http.faults import TryAgain, check_status, describe, host_of, retry_after

T = TypeVar("T")
BACKOFF = (5.0, 10.0, 20.0, 40.0)
LONGEST_WAIT = 300  # seconds; a longer Retry-After ends the request with a Problem
BODY_SECONDS = 300  # for one body, also where it trickles
LARGEST = 64 << 20  # bytes of one body, unpacked: 50 of the largest entities have 12 MB
REDIRECTS = 5
CONTACT = re.compile(r"[!-'*-~]*(?:@|://)[!-'*-~]+")


class Response(NamedTuple):
    """A response with its body in memory, unpacked. Header names are case-insensitive."""

    content: bytes
    headers: Mapping[str, str]
    host: str


class Client:
    """Sends requests to web services. Every error is a Problem of one line.

    contact: an e-mail address or a web page, for the User-Agent; the default is PGMUSE_CONTACT.
    sleep: called with seconds. timeout: seconds for the headers of a response, and between two
    pieces of its body. backoff: seconds between tries, where there is no Retry-After.
    """

    def __init__(
        self,
        contact: str | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = 60,
        backoff: Sequence[float] = BACKOFF,
    ) -> None:
        library = f"urllib3/{metadata.version('urllib3')}"
        self.user_agent = f"pgmuse/{version()} ({contact_of(contact)}) {library}"
        self.sleep = sleep
        self.timeout = timeout
        self.backoff = backoff
        self._managers: dict[str | None, urllib3.PoolManager] = {}

    def get(
        self,
        url: str,
        fields: Mapping[str, str] | None = None,
        *,
        read: Callable[[Response], T],
    ) -> T:
        """The result of `read` for the response; where `read` raises TryAgain, it is a retry.

        fields: of the query string.
        """
        url += f"?{urlencode(fields)}" if fields else ""
        return self.request(url, lambda response: read(_read(response, host_of(url))))

    def request(
        self,
        url: str,
        use: Callable[[urllib3.BaseHTTPResponse], T],
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """The result of `use` for the response, whose body `use` may read."""
        for backoff in (*self.backoff, None):
            response = None
            try:
                response = self.open(method, url, headers or {})
                check_status(response, host_of(url))
                return use(response)
            except (TryAgain, HTTPError, OSError) as error:
                delay = retry_after(response)
                _close(response)
                self.wait(backoff, delay, describe(error, host_of(url)))
            except BaseException:
                _close(response)
                raise
        raise AssertionError("the last backoff is None")

    def wait(self, backoff: float | None, delay: float | None, reason: str) -> None:
        """Sleep before a retry. Errors: Problem where there is none.

        backoff: seconds, None after the last try. delay: seconds of a Retry-After header.
        """
        if delay is not None and delay > LONGEST_WAIT:
            raise Problem(f"{reason}: it asks to wait {delay:,.0f} s, so try again after that")
        if backoff is None:
            raise Problem(f"{reason}, {len(self.backoff) + 1} times: try again later")
        seconds = backoff if delay is None else max(delay, 1)
        say(f"{reason}: trying again in {seconds:.0f} s")
        self.sleep(seconds)

    def open(
        self, method: str, url: str, headers: Mapping[str, str], until: float = math.inf
    ) -> urllib3.BaseHTTPResponse:
        """One request, its redirects followed. The response may have any status.

        until: the deadline for the headers, of time.monotonic. Errors: those of urllib3, TryAgain
        after the deadline, and a Problem for a redirect that cannot be followed.
        """
        headers = {"User-Agent": self.user_agent, "Accept-Encoding": "gzip"} | dict(headers)
        for _ in range(REDIRECTS + 1):
            left = until - time.monotonic()
            if left <= 0:
                raise TryAgain(f"{host_of(url)} does not answer in time")
            response = self._manager(url).request(
                method, url, headers=headers, timeout=self._timeout(left),
                preload_content=False, redirect=False, retries=False,
            )  # fmt: skip
            location = response.get_redirect_location()
            if not location:
                return response
            response.close()
            url = _redirect(url, location)
        raise Problem(f"{host_of(url)} leads in a circle: look where it has moved to")

    def _timeout(self, left: float) -> urllib3.Timeout:
        return urllib3.Timeout(connect=min(self.timeout, 30, left), read=min(self.timeout, left))

    def _manager(self, url: str) -> urllib3.PoolManager:
        """The connections to a host, through the proxy that http_proxy and the like name."""
        host, scheme = host_of(url), url.partition(":")[0].lower()
        proxy = None if proxy_bypass(host) else getproxies().get(scheme)
        if proxy not in self._managers:
            manager = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
            manager.pool_classes_by_scheme = POOLS
            self._managers[proxy] = manager
        return self._managers[proxy]


def contact_of(contact: str | None) -> str:
    """The argument, else PGMUSE_CONTACT. Errors: Problem where it is missing or no contact."""
    contact = (contact or os.environ.get("PGMUSE_CONTACT") or "").strip()
    if not contact:
        raise Problem(
            "web services want to know whom to write to: "
            "give --contact you@example.org or set PGMUSE_CONTACT"
        )
    if not CONTACT.fullmatch(contact):
        raise Problem(f"{contact!r} is no contact: give an e-mail address or a web page")
    return contact


def undecodable(response: Response) -> Exception:
    """The error for a body that is no JSON: TryAgain for cut-off JSON, a Problem for a web page."""
    host, kind = response.host, response.headers.get("Content-Type", "nothing known")
    kind = printable(kind.partition(";")[0][:100])
    if "json" in kind:
        return TryAgain(f"{host} answered with broken JSON")
    return Problem(f"{host} answered with {kind}, not JSON: is that the address of an API?")


def _redirect(url: str, location: str) -> str:
    """The target of a redirect. Errors: a Problem where it is no URL, or leads away from https."""
    try:
        # Parsing makes scheme and host lower case.
        parts = urllib3.util.parse_url(urljoin(url, location))
    except (ValueError, LocationValueError):
        raise Problem(f"{host_of(url)} leads nowhere: look where it has moved to") from None
    if url.lower().startswith("https:") and parts.scheme != "https":
        raise Problem(f"{host_of(url)} leads away from https: look where it has moved to")
    return parts.url


def _close(response: urllib3.BaseHTTPResponse | None) -> None:
    if response is not None:
        response.close()


def read_body(
    response: urllib3.BaseHTTPResponse,
    host: str,
    *,
    seconds: float = BODY_SECONDS,
    largest: int = LARGEST,
) -> bytes:
    """The unpacked body. Errors: TryAgain after so many seconds, a Problem above so many bytes."""
    pieces, size = [], 0
    late = TryAgain(f"{host} takes more than {seconds:.0f} s for one answer")
    with deadline(time.monotonic() + seconds, response.shutdown, late):
        while piece := response.read1(1 << 16, decode_content=True):
            size += len(piece)
            if size > largest:
                raise Problem(f"{host} answered with more than {largest:,} bytes: too much to read")
            pieces.append(piece)
    return b"".join(pieces)


def _read(response: urllib3.BaseHTTPResponse, host: str) -> Response:
    content = read_body(response, host)
    response.release_conn()
    return Response(content, response.headers, host)
