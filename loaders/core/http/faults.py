"""Errors of HTTP requests: one line for each, and whether a retry can help."""

from typing import Any

import urllib3
from urllib3.exceptions import (
    DecodeError,
    IncompleteRead,
    InvalidHeader,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as HTTPTimeout

from loaders.core.entries import printable
from loaders.core.errors import Problem

BUSY = {429, 500, 502, 503, 504}
HINTS = {403: "is the contact right?", 416: "the file changed while it was read, start again"}


class TryAgain(Exception):
    """A retry may succeed; the text is the reason for it."""


def host_of(url: str) -> str:
    """The host. Messages name nothing else of a URL, which may hold secrets. Errors: Problem."""
    try:
        parts = urllib3.util.parse_url(url)
    except LocationValueError as error:
        raise Problem(f"{_scheme(url)}… is no address of the web") from error
    if parts.scheme not in ("http", "https") or not parts.host:
        raise Problem(
            f"{_scheme(url)}… is no address of the web: it starts with https:// or http://"
        )
    return parts.host


def _scheme(url: str) -> str:
    """The start of a URL, at most up to its `://`: what follows may hold secrets."""
    scheme, colon, _ = url.partition("://")
    return printable(scheme[:20]) + colon if colon else ""


def describe(error: Exception, host: str) -> str:
    """An error in one line. Errors: a Problem with that line where a retry cannot help."""
    match error:
        case TryAgain():
            return str(error)
        case SSLError():
            raise Problem(f"{host}: no safe connection: {_cause(error)}") from error
        case DecodeError():
            raise Problem(f"{host} answered with what cannot be unpacked") from error
        case LocationValueError():
            raise Problem(f"{host} is no address of the web") from error
        case NameResolutionError():
            return f"{host} is not found (is the name right, and the network there?)"
        case NewConnectionError():
            return f"{host} cannot be reached: {_cause(error)}"
        case HTTPTimeout():
            return f"{host} does not answer in time"
        case IncompleteRead() | ProtocolError():
            return f"{host} cut the answer off"
    return f"{host}: {_cause(error)}"


def _cause(error: Exception) -> str:
    """The last part of a message, which libraries put the cause into."""
    return printable(" ".join(str(error).split()).rpartition(": ")[2])[:1000]


def status_line(response: urllib3.BaseHTTPResponse, host: str) -> str:
    """The status and its reason phrase, on one line that is safe to store and to print."""
    return f"{host} answers {response.status} {printable((response.reason or '')[:200])}".rstrip()


def check_status(response: urllib3.BaseHTTPResponse, host: str) -> None:
    """Errors: TryAgain for a status of BUSY, a Problem for any other from 400 on."""
    line = status_line(response, host)
    if response.status in BUSY:
        raise TryAgain(line)
    if response.status >= 400:
        raise Problem(f"{line}: {HINTS.get(response.status, 'is the address right?')}")


def retry_after(response: urllib3.BaseHTTPResponse | None) -> float | None:
    """Seconds of the Retry-After header, at most six hours; None without a valid one."""
    parser: Any = urllib3.Retry.DEFAULT
    try:
        return parser.get_retry_after(response) if response is not None else None
    except (InvalidHeader, ValueError, OverflowError):
        return None
