"""Download one picture. The exceptions say whether to retry the address, or to pause the host."""

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

DEADLINE = 60.0  # seconds for one picture, redirects included
PIECE = 1 << 15  # bytes
LENGTH = re.compile("[0-9]{1,15}")
START = 16  # bytes that identify a picture
HEADERS = {"Accept-Encoding": "identity", "Accept": "image/*"}
# Content types that some hosts send for every file.
GENERIC_TYPES = {"", "application/octet-stream", "binary/octet-stream"}


class PermanentFailure(Exception):
    """The address has no picture; a retry is no use."""


class TemporaryFailure(Exception):
    """The download failed; a retry may succeed."""


class HostUnavailable(Exception):
    """The host accepts no requests at present, from any worker.

    seconds: its Retry-After, if any. counts: whether the address may be the cause, so that this
    was one of its attempts.
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
    """Download the body at `bytes_per_second` or slower.

    picture: check the content type and the first bytes. Errors: PermanentFailure, TemporaryFailure,
    HostUnavailable.
    """
    response, host = None, host_of(url)
    expires_at = time.monotonic() + DEADLINE
    try:
        response = client.open("GET", url, HEADERS, expires_at)
        _check_status(response, host)
        if picture:
            _check_type(response, host)
        body = _read_body(response, host, expires_at)
        body = _picture_only(body, host) if picture else body
        return b"".join(_paced(body, bytes_per_second, sleep))
    except (NameResolutionError, NewConnectionError, ConnectTimeoutError) as error:
        raise HostUnavailable(describe(error, host)) from error
    except SSLError as error:
        raise HostUnavailable(f"{host}: no safe connection") from error
    except ProxyError as error:
        raise HostUnavailable(f"the proxy does not lead to {host}") from error
    except Problem as error:
        raise PermanentFailure(str(error)) from error
    except (TryAgain, HTTPError, OSError) as error:
        raise _failure(error, host) from error
    finally:
        if response is not None:
            response.close()


def _failure(error: Exception, host: str) -> Exception:
    try:
        return TemporaryFailure(describe(error, host))
    except Problem as problem:
        return PermanentFailure(str(problem))


def _check_status(response: urllib3.BaseHTTPResponse, host: str) -> None:
    """Raise for any status but 200: 429 and 503 concern the host, others this address."""
    status = response.status
    reason = status_line(response, host)
    if status in (429, 503):
        raise HostUnavailable(reason, retry_after(response), counts=status == 503)
    if status in BUSY or status == 408:
        raise TemporaryFailure(reason)
    if status != 200:
        raise PermanentFailure(f"{reason}: is the contact right?" if status == 403 else reason)


def _check_type(response: urllib3.BaseHTTPResponse, host: str) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not kind.startswith("image/") and kind not in GENERIC_TYPES:
        raise PermanentFailure(f"{host} answers with {printable(kind[:100])}, not a picture")


def _picture_only(pieces: Iterator[bytes], host: str) -> Iterator[bytes]:
    """Yield the pieces; stop at the first 16 bytes where they are no picture."""
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
            raise PermanentFailure(f"{host} answers with {error}") from error


def _read_body(response: urllib3.BaseHTTPResponse, host: str, expires_at: float) -> Iterator[bytes]:
    """Yield pieces of the body. Errors: PermanentFailure above 20 MB, TemporaryFailure if late."""
    size = 0
    length = response.headers.get("Content-Length", "")
    if LENGTH.fullmatch(length) and int(length) > BYTES:
        message = f"{host} answers with {int(length):,} bytes: at most {BYTES:,} are read"
        raise PermanentFailure(message)
    late = TemporaryFailure(f"{host} takes more than {DEADLINE:.0f} s for one picture")
    with deadline(expires_at, response.shutdown, late):
        while piece := response.read1(PIECE, decode_content=False):
            size += len(piece)
            if size > BYTES:
                raise PermanentFailure(f"{host} answers with more than {BYTES:,} bytes")
            yield piece


def _paced(
    pieces: Iterator[bytes], bytes_per_second: float, sleep: Callable[[float], None]
) -> Iterator[bytes]:
    """Yield the pieces at a limited rate: TCP stops the host while nothing is read."""
    begun, size = time.monotonic(), 0
    for piece in pieces:
        yield piece
        size += len(piece)
        ahead = size / bytes_per_second - (time.monotonic() - begun)
        if ahead > 0.01:
            sleep(ahead)
