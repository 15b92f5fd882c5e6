"""A large file read over the web as it comes, going on where a connection was cut."""

import io
import re
import time
from collections.abc import Callable
from typing import BinaryIO, cast

import urllib3
from urllib3.exceptions import HTTPError

from loaders.core.errors import Problem
from loaders.core.http.client import WAITS, Client
from loaders.core.http.faults import TryAgain, host_of, why

RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
PROGRESS = 1 << 20  # bytes after which a cut counts as the first one
PLAIN = {"Accept-Encoding": "identity"}  # places in the file must be those of what is stored


def open_url(
    url: str, contact: str | None = None, *, sleep: Callable[[float], None] = time.sleep
) -> BinaryIO:
    """The file behind an http or https address, to be read once from its start.

    Where the connection is cut it goes on with a Range request; a Problem is raised where that
    is not possible or where the file changed meanwhile. `.raw.length` is in bytes, or None.
    """
    download = Download(url, Client(contact, sleep=sleep))
    return cast(BinaryIO, io.BufferedReader(download, 1 << 20))


def fingerprint(
    url: str, contact: str | None = None, *, client: Client | None = None
) -> str | None:
    """What changes when the file does: its ETag, else Last-Modified and length; None: not told."""
    client = client or Client(contact)

    def told(response: urllib3.BaseHTTPResponse) -> str | None:
        response.close()
        headers = response.headers
        if etag := headers.get("ETag"):
            return etag
        if modified := headers.get("Last-Modified"):
            return f"{modified}, {headers.get('Content-Length', '?')} bytes"
        return None

    return client.ask(url, told, method="HEAD", headers=PLAIN)


class Download(io.RawIOBase):
    """Bytes of one file. `at`: how many were read; `length`: of the whole, None: not told."""

    def __init__(self, url: str, client: Client) -> None:
        super().__init__()
        self.url, self.client = url, client
        self.at = 0
        self._cut_at, self._cuts = 0, 0
        self._response = client.ask(url, lambda response: response, headers=PLAIN)
        headers = self._response.headers
        length = headers.get("Content-Length", "")
        self.length = int(length) if length.isdecimal() else None
        self._etag, self._modified = headers.get("ETag"), headers.get("Last-Modified")

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if self.closed:
            raise ValueError("the download is closed")
        while True:
            try:
                piece = self._response.read1(len(buffer), decode_content=False)
                if not piece and self.length is not None and self.at < self.length:
                    raise TryAgain(f"{host_of(self.url)} cut the file off")
            except (TryAgain, HTTPError, OSError) as error:
                self._resume(error)
                continue
            buffer[: len(piece)] = piece
            self.at += len(piece)
            return len(piece)

    def close(self) -> None:
        if not self.closed and hasattr(self, "_response"):
            self._response.close()
        super().close()

    def _resume(self, error: Exception) -> None:
        """Ask for what is missing, but only of the very file that was begun."""
        self._response.close()
        host = host_of(self.url)
        reason = f"{why(error, host)} after {self.at:,} bytes"
        self._cuts = 0 if self.at - self._cut_at >= PROGRESS else self._cuts
        wait = WAITS[self._cuts] if self._cuts < len(WAITS) else None
        self._cut_at, self._cuts = self.at, self._cuts + 1
        # A weak ETag does not promise the same bytes.
        strong = self._etag if self._etag and not self._etag.startswith("W/") else None
        validator = strong or self._modified
        if validator is None:
            raise Problem(f"{reason}, and does not tell whether it stays the same: fetch it first")
        self.client.wait(wait, None, reason)
        headers = PLAIN | {"Range": f"bytes={self.at}-", "If-Range": validator}
        self._response = self.client.ask(self.url, self._rest, headers=headers)

    def _rest(self, response: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
        host, headers = host_of(self.url), response.headers
        same = (headers.get("ETag"), headers.get("Last-Modified")) == (self._etag, self._modified)
        if not same:
            raise Problem(f"{host}: the file changed while it was read: start again")
        found = RANGE.fullmatch(headers.get("Content-Range", ""))
        if response.status != 206 or not found or int(found[1]) != self.at:
            raise Problem(
                f"{host} cut the file off after {self.at:,} bytes and cannot resume: fetch it first"
            )
        if self.length is not None and found[2] not in ("*", str(self.length)):
            raise Problem(f"{host}: the file changed while it was read: start again")
        return response
