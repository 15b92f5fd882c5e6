"""A large file read over HTTP as a stream, which resumes where a connection is cut."""

import io
import re
import time
from collections.abc import Callable
from typing import BinaryIO, cast

import urllib3
from urllib3.exceptions import HTTPError

from loaders.core.errors import Problem
from loaders.core.http.client import BACKOFF, Client
from loaders.core.http.faults import TryAgain, describe, host_of

RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
PROGRESS = 1 << 20  # bytes between two cuts, after which the backoff starts again
PLAIN = {"Accept-Encoding": "identity"}  # offsets must be those of the stored file


def open_url(
    url: str, contact: str | None = None, *, sleep: Callable[[float], None] = time.sleep
) -> BinaryIO:
    """A file at an http or https address, read once from its start.

    Where the connection is cut, a Range request resumes. Errors: a Problem where the server does
    not resume or the file has changed. `.raw.length` is in bytes, or None.
    """
    download = Download(url, Client(contact, sleep=sleep))
    return cast(BinaryIO, io.BufferedReader(download, 1 << 20))


def fingerprint(
    url: str, contact: str | None = None, *, client: Client | None = None
) -> str | None:
    """The ETag of a file, else its Last-Modified and length; None where the server sends none."""
    client = client or Client(contact)

    def validator(response: urllib3.BaseHTTPResponse) -> str | None:
        response.close()
        headers = response.headers
        if etag := headers.get("ETag"):
            return etag
        if modified := headers.get("Last-Modified"):
            return f"{modified}, {headers.get('Content-Length', '?')} bytes"
        return None

    return client.request(url, validator, method="HEAD", headers=PLAIN)


class Download(io.RawIOBase):
    """The bytes of one file. at: offset of the next byte. length: of the file, None: unknown."""

    def __init__(self, url: str, client: Client) -> None:
        super().__init__()
        self.url, self.client = url, client
        self.at = 0
        self._cut_at, self._cuts = 0, 0
        self._response = client.request(url, lambda response: response, headers=PLAIN)
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
        """Request the rest of the file, on the condition that it has not changed."""
        self._response.close()
        host = host_of(self.url)
        reason = f"{describe(error, host)} after {self.at:,} bytes"
        self._cuts = 0 if self.at - self._cut_at >= PROGRESS else self._cuts
        backoff = BACKOFF[self._cuts] if self._cuts < len(BACKOFF) else None
        self._cut_at, self._cuts = self.at, self._cuts + 1
        # Equal weak ETags do not mean equal bytes.
        strong = self._etag if self._etag and not self._etag.startswith("W/") else None
        validator = strong or self._modified
        if validator is None:
            raise Problem(f"{reason}, and does not tell whether it stays the same: fetch it first")
        self.client.wait(backoff, None, reason)
        headers = PLAIN | {"Range": f"bytes={self.at}-", "If-Range": validator}
        self._response = self.client.request(self.url, self._rest, headers=headers)

    def _rest(self, response: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
        host, headers = host_of(self.url), response.headers
        same = (headers.get("ETag"), headers.get("Last-Modified")) == (self._etag, self._modified)
        if not same:
            raise Problem(f"{host}: the file changed while it was read: start again")
        match = RANGE.fullmatch(headers.get("Content-Range", ""))
        if response.status != 206 or not match or int(match[1]) != self.at:
            raise Problem(
                f"{host} cut the file off after {self.at:,} bytes and cannot resume: fetch it first"
            )
        if self.length is not None and match[2] not in ("*", str(self.length)):
            raise Problem(f"{host}: the file changed while it was read: start again")
        return response
