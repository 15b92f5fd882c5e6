"""What goes wrong with a web service, in one line each, and whether to ask again."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import urllib3
from urllib3.exceptions import (
    DecodeError,
    IncompleteRead,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as TimedOut

from loaders.core.entries import printable
from loaders.core.errors import Problem

BUSY = {429, 500, 502, 503, 504}
HINTS = {403: "is the contact right?", 416: "the file changed while it was read, start again"}


class TryAgain(Exception):
    """The service cannot answer just now; the text is the reason."""


def host_of(url: str) -> str:
    """The host, for messages too: what else an address holds may be secret."""
    try:
        parts = urllib3.util.parse_url(url)
    except LocationValueError as error:
        raise Problem(f"{url!r} is no address of the web") from error
    if parts.scheme not in ("http", "https") or not parts.host:
        raise Problem(f"{url!r} is no address of the web: it starts with https:// or http://")
    return parts.host


def why(error: Exception, host: str) -> str:
    """One line on what went wrong; a Problem at once where asking again is no use."""
    match error:
        case TryAgain():
            return str(error)
        case SSLError():
            raise Problem(f"{host}: no safe connection: {_last_words(error)}") from error
        case DecodeError():
            raise Problem(f"{host} answered with what cannot be unpacked") from error
        case LocationValueError():
            raise Problem(f"{host} is no address of the web") from error
        case NameResolutionError():
            return f"{host} is not found (is the name right, and the network there?)"
        case NewConnectionError():
            return f"{host} cannot be reached: {_last_words(error)}"
        case TimedOut():
            return f"{host} does not answer in time"
        case IncompleteRead() | ProtocolError():
            return f"{host} cut the answer off"
    return f"{host}: {_last_words(error)}"


def _last_words(error: Exception) -> str:
    return printable(" ".join(str(error).split()).rpartition(": ")[2])[:1000]


def answered(response: urllib3.BaseHTTPResponse, host: str) -> str:
    """The status and its words, on one line that may be stored and printed."""
    return f"{host} answers {response.status} {printable((response.reason or '')[:200])}".rstrip()


def refuse(response: urllib3.BaseHTTPResponse, host: str) -> None:
    """Raise TryAgain where the service is busy, a Problem where it does not want to answer."""
    reason = answered(response, host)
    if response.status in BUSY:
        raise TryAgain(reason)
    if response.status >= 400:
        raise Problem(f"{reason}: {HINTS.get(response.status, 'is the address right?')}")


def retry_after(response: urllib3.BaseHTTPResponse | None) -> float | None:
    """Seconds that the service asks to wait, given as such or as a date; None: it does not."""
    text = (response.headers.get("Retry-After") or "").strip() if response is not None else ""
    if re.fullmatch(r"[0-9]{1,12}", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max((until - datetime.now(UTC)).total_seconds(), 0)
    except (ValueError, OverflowError):
        return None
