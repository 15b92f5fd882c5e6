"""One download: the bytes of a picture, or why there are none, and whether to ask again."""

import re
import time
from collections.abc import Callable, Iterator

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from loaders.core.entries import printable
from loaders.core.errors import Problem
from loaders.core.http.connections import deadline
from loaders.core.http.faults import BUSY, TryAgain, describe, host_of, retry_after, status_line
from loaders.core.http.guard import GuardedClient
from udfs.picture_headers import BadPicture, kind_of
from udfs.pictures import BYTES

DEADLINE = 60.0  # seconds for one picture, however often redirected, however it trickles in
PIECE = 1 << 15  # bytes
LENGTH = re.compile("[0-9]{1,15}")
START = 16  # bytes that tell a picture
PLAIN = {"Accept-Encoding": "identity", "Accept": "image/*"}
# What some hosts call every file.
NO_TYPE = {"", "application/octet-stream", "binary/octet-stream"}


class Refused(Exception):
    """There is no such picture, and asking again is no use."""


class Failed(Exception):
    """It did not work this time; perhaps it does next time."""


class HostWaits(Exception):
    """The host cannot or does not want to answer anybody just now.

    seconds: as it asks for. counts: whether it may be the address that it cannot answer.
    """

    def __init__(self, reason: str, seconds: float | None = None, *, counts: bool = False) -> None:
        super().__init__(reason)
        self.seconds, self.counts = seconds, counts


def download(
    client: GuardedClient,
    url: str,
    bytes_per_second: float = float("inf"),
    *,
    picture: bool = True,
    sleep: Callable[[float], None] = time.sleep,
) -> bytes:
    """The body, no faster than that. Errors: Refused, Failed, HostWaits.

    picture: whether it must be one, by its type and its first bytes.
    """
    response, host = None, host_of(url)
    until = time.monotonic() + DEADLINE
    try:
        response = client.open("GET", url, PLAIN, until)
        _check_status(response, host)
        if picture:
            _check_type(response, host)
        body = _whole(response, host, until)
        body = _checked(body, host) if picture else body
        return b"".join(_paced(body, bytes_per_second, sleep))
    except (NameResolutionError, NewConnectionError, ConnectTimeoutError) as error:
        raise HostWaits(describe(error, host)) from error
    except SSLError as error:
        raise HostWaits(f"{host}: no safe connection") from error
    except ProxyError as error:
        raise HostWaits(f"the proxy does not lead to {host}") from error
    except Problem as error:
        raise Refused(str(error)) from error
    except (TryAgain, HTTPError, OSError) as error:
        raise _judged(error, host) from error
    finally:
        if response is not None:
            response.close()


def _judged(error: Exception, host: str) -> Exception:
    try:
        return Failed(describe(error, host))
    except Problem as problem:
        return Refused(str(problem))


def _check_status(response: urllib3.BaseHTTPResponse, host: str) -> None:
    """429 and 503 are meant for everybody who asks, other faults for this address."""
    status = response.status
    reason = status_line(response, host)
    if status in (429, 503):
        raise HostWaits(reason, retry_after(response), counts=status == 503)
    if status in BUSY or status == 408:
        raise Failed(reason)
    if status != 200:
        raise Refused(f"{reason}: is the contact right?" if status == 403 else reason)


def _check_type(response: urllib3.BaseHTTPResponse, host: str) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not kind.startswith("image/") and kind not in NO_TYPE:
        raise Refused(f"{host} answers with {printable(kind[:100])}, not a picture")


def _checked(pieces: Iterator[bytes], host: str) -> Iterator[bytes]:
    """No more is read of what is no picture, whatever it is called."""
    start = b""
    for piece in pieces:
        if len(start) < START:
            start += piece[:START]
            _check_start(start, host)
        yield piece


def _check_start(start: bytes, host: str) -> None:
    try:
        kind_of(start)
    except BadPicture as error:
        if len(start) >= START:
            raise Refused(f"{host} answers with {error}") from error


def _whole(response: urllib3.BaseHTTPResponse, host: str, until: float) -> Iterator[bytes]:
    """Pieces of the body, up to where it is too large or too slow."""
    size = 0
    length = response.headers.get("Content-Length", "")
    if LENGTH.fullmatch(length) and int(length) > BYTES:
        raise Refused(f"{host} answers with {int(length):,} bytes: at most {BYTES:,} are read")
    late = Failed(f"{host} takes more than {DEADLINE:.0f} s for one picture")
    with deadline(until, response.shutdown, late):
        while piece := response.read1(PIECE, decode_content=False):
            size += len(piece)
            if size > BYTES:
                raise Refused(f"{host} answers with more than {BYTES:,} bytes")
            yield piece


def _paced(
    pieces: Iterator[bytes], bytes_per_second: float, sleep: Callable[[float], None]
) -> Iterator[bytes]:
    """The same, no faster than that: what is not read yet, the host does not send."""
    begun, size = time.monotonic(), 0
    for piece in pieces:
        yield piece
        size += len(piece)
        ahead = size / bytes_per_second - (time.monotonic() - begun)
        if ahead > 0.01:
            sleep(ahead)
