"""A polite HTTP client: says who asks, waits as long as it is told to, and never reads too much."""

import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode, urljoin
from urllib.request import getproxies, proxy_bypass

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, LocationValueError

from loaders.core.config import version
from loaders.core.console import say
from loaders.core.entries import printable
from loaders.core.errors import Problem
from loaders.core.http.connections import POOLS, ended_at
from loaders.core.http.faults import TryAgain, host_of, refuse, retry_after, why

T = TypeVar("T")
WAITS = (5.0, 10.0, 20.0, 40.0)  # seconds between tries, where the service does not say how long
LONGEST_WAIT = 300  # seconds; a service that asks for more is left alone
PATIENCE = 300  # seconds for one whole answer, however it trickles in
LARGEST = 64 << 20  # bytes of one answer, unpacked: 50 of the largest entities have 12 MB
REDIRECTS = 5
CONTACT = re.compile(r"[!-'*-~]*(?:@|://)[!-'*-~]+")


class Answer(NamedTuple):
    """A whole answer, unpacked. Header names are matched whatever their case."""

    content: bytes
    headers: Mapping[str, str]
    host: str


class Client:
    """Asks web services. Everything that goes wrong is a Problem of one line.

    contact: an e-mail address or a web page, for the User-Agent; PGMUSE_CONTACT where it is empty.
    sleep: called with seconds. timeout: seconds that an answer may take to begin, and then
    without a byte, until a connection is given up.
    """

    def __init__(
        self,
        contact: str | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = 60,
    ) -> None:
        library = f"urllib3/{metadata.version('urllib3')}"
        self.user_agent = f"pgmuse/{version()} ({known_contact(contact)}) {library}"
        self.sleep = sleep
        self.timeout = timeout
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    def get(
        self,
        url: str,
        fields: Mapping[str, str] | None = None,
        *,
        read: Callable[[Answer], T],
        largest: int = LARGEST,
    ) -> T:
        """What `read` makes of the answer; where `read` raises TryAgain the service is asked again.

        fields: of the query. largest: bytes of the answer, unpacked.
        """
        url += f"?{urlencode(fields)}" if fields else ""
        return self.ask(url, lambda response: read(_whole(response, host_of(url), largest)))

    def json(self, url: str, fields: Mapping[str, str] | None = None) -> Any:
        """The answer, which must be JSON."""
        return self.get(url, fields, read=decoded)

    def ask(
        self,
        url: str,
        use: Callable[[urllib3.BaseHTTPResponse], T],
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """What `use` makes of the response, whose body is still to be read; five tries at most."""
        for wait in (*WAITS, None):
            response = None
            try:
                response = self.open(method, url, headers or {})
                refuse(response, host_of(url))
                return use(response)
            except (TryAgain, HTTPError, OSError) as error:
                asked = retry_after(response)
                _close(response)
                self.wait(wait, asked, why(error, host_of(url)))
            except BaseException:
                _close(response)
                raise
        raise AssertionError("the last wait is None")

    def wait(self, wait: float | None, asked: float | None, reason: str) -> None:
        """Sleep `wait` seconds, or as `asked` by the service; a Problem where it is no use."""
        if asked is not None and asked > LONGEST_WAIT:
            raise Problem(f"{reason}: it asks to wait {asked:,.0f} s, so try again after that")
        if wait is None:
            raise Problem(f"{reason}, {len(WAITS) + 1} times: try again later")
        wait = wait if asked is None else max(asked, 1)
        say(f"{reason}: trying again in {wait:.0f} s")
        self.sleep(wait)

    def open(
        self, method: str, url: str, headers: Mapping[str, str], until: float = math.inf
    ) -> urllib3.BaseHTTPResponse:
        """The response at the end of a few redirects, whatever its status; nothing is tried twice.

        until: of time.monotonic, when no more is waited for. Errors: urllib3's, TryAgain where
        that is over, and a Problem where the redirects lead nowhere.
        """
        sent = {"User-Agent": self.user_agent, "Accept-Encoding": "gzip"} | dict(headers)
        for _ in range(REDIRECTS + 1):
            left = until - time.monotonic()
            if left <= 0:
                raise TryAgain(f"{host_of(url)} does not answer in time")
            response = self._pool(url).request(
                method, url, headers=sent, timeout=self._timeout(left),
                preload_content=False, redirect=False, retries=False,
            )  # fmt: skip
            location = response.get_redirect_location()
            if not location:
                return response
            response.close()
            url = _next(url, location)
        raise Problem(f"{host_of(url)} leads in a circle: look where it has moved to")

    def _timeout(self, left: float) -> urllib3.Timeout:
        return urllib3.Timeout(connect=min(self.timeout, 30, left), read=min(self.timeout, left))

    def _pool(self, url: str) -> urllib3.PoolManager:
        """Connections, through the proxy that http_proxy, https_proxy and no_proxy name."""
        host, scheme = host_of(url), url.partition(":")[0].lower()
        proxy = None if proxy_bypass(host) else getproxies().get(scheme)
        if proxy not in self._pools:
            made = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
            made.pool_classes_by_scheme = POOLS
            self._pools[proxy] = made
        return self._pools[proxy]


def known_contact(contact: str | None) -> str:
    """The contact that services ask for: the argument, else PGMUSE_CONTACT."""
    found = (contact or os.environ.get("PGMUSE_CONTACT") or "").strip()
    if not found:
        raise Problem(
            "web services want to know whom to write to: "
            "give --contact you@example.org or set PGMUSE_CONTACT"
        )
    if not CONTACT.fullmatch(found):
        raise Problem(f"{found!r} is no contact: give an e-mail address or a web page")
    return found


def decoded(answer: Answer) -> Any:
    """The JSON of an answer. One that was cut off is asked for again; a web page is a Problem."""
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise undecodable(answer) from error


def undecodable(answer: Answer) -> Exception:
    """What to raise where an answer is not the JSON that was asked for."""
    kind = answer.headers.get("Content-Type", "nothing known").partition(";")[0]
    kind = printable(kind[:100])
    if "json" in kind:
        return TryAgain(f"{answer.host} answered with broken JSON")
    return Problem(f"{answer.host} answered with {kind}, not JSON: is that the address of an API?")


def _next(url: str, location: str) -> str:
    """Where a redirect leads. Errors: a Problem where that is nowhere, or away from https."""
    try:
        # As parsed, whose scheme and host are lower case.
        parts = urllib3.util.parse_url(urljoin(url, location))
    except (ValueError, LocationValueError):
        raise Problem(f"{host_of(url)} leads nowhere: look where it has moved to") from None
    if url.lower().startswith("https:") and parts.scheme != "https":
        raise Problem(f"{host_of(url)} leads away from https: look where it has moved to")
    return parts.url


def _close(response: urllib3.BaseHTTPResponse | None) -> None:
    if response is not None:
        response.close()


def _whole(response: urllib3.BaseHTTPResponse, host: str, largest: int) -> Answer:
    content = b"".join(_pieces(response, host, largest))
    response.release_conn()
    return Answer(content, response.headers, host)


def _pieces(response: urllib3.BaseHTTPResponse, host: str, largest: int) -> Iterator[bytes]:
    size, until = 0, time.monotonic() + PATIENCE
    late = TryAgain(f"{host} takes more than {PATIENCE} s for one answer")
    with ended_at(until, response.shutdown, late):
        while piece := response.read1(1 << 16, decode_content=True):
            size += len(piece)
            if size > largest:
                raise Problem(f"{host} answered with more than {largest:,} bytes: too much to read")
            yield piece
