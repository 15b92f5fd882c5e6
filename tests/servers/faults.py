"""Faults of web servers: each function answers one request, wrongly."""

import json
import time
from collections.abc import Callable
from contextlib import suppress

from tests.servers.base import Handler

Fault = Callable[[Handler], object]
JPEG = b"\xff\xd8\xff\xe0"  # its first bytes


def busy(handler: Handler) -> None:
    handler.send(429, b"", "text/plain")


def busy_for(seconds: str) -> Fault:
    return lambda handler: handler.send(429, b"", "text/plain", Retry_After=seconds)


def unavailable(handler: Handler) -> None:
    handler.send(503, b"", "text/plain", Retry_After="0")


def broken(handler: Handler) -> None:
    handler.send(500, b"<html>", "text/html")


def forbidden(handler: Handler) -> None:
    handler.send(403, b"", "text/plain")


def lagged(handler: Handler) -> None:
    """The answer of MediaWiki's API while its replicas lag behind."""
    error = {"code": "maxlag", "info": "7.3 seconds lagged", "lag": 7.3}
    handler.send(200, json.dumps({"error": error}).encode(), Retry_After="5")


def web_page(handler: Handler) -> None:
    handler.send(200, b"<html>hello</html>" * 100, "text/html")


def web_page_as_picture(handler: Handler) -> None:
    handler.send(200, b"<html>hello</html>" * 100, "image/jpeg")


def raw(response: bytes) -> Fault:
    """Send these bytes and no more."""

    def send(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(response)

    return send


def redirect(url: str, seconds: float = 0) -> Fault:
    """Redirect after so many seconds; `{url}` is the server's own."""

    def send(handler: Handler) -> None:
        time.sleep(seconds)
        handler.send(302, b"", "text/plain", Location=url.format(url=handler.server.url))

    return send


def silent(handler: Handler) -> None:
    time.sleep(3)
    handler.close_connection = True


def cut_off_json(handler: Handler) -> None:
    handler.begin(1000, "application/json")
    handler.wfile.write(b'{"entities": {')


def cut_off_picture(handler: Handler) -> None:
    handler.begin(100_000, "image/jpeg")
    handler.wfile.write(JPEG + bytes(5000))


def too_large(handler: Handler) -> None:
    """Announce 30 MB and send nothing."""
    handler.begin(30_000_000, "image/jpeg")


def endless(handler: Handler) -> None:
    """Send 200 MB without a length."""
    handler.send_response(200)
    handler.send_header("Content-Type", "image/jpeg")
    handler.end_headers()
    handler.close_connection = True
    with suppress(OSError):
        for _ in range(3000):
            handler.wfile.write(JPEG + bytes(65532))


def dripping(handler: Handler) -> None:
    """Send a picture a byte at a time."""
    handler.begin(1000, "image/jpeg")
    handler.wfile.write(JPEG)
    _drip(handler, b"\0")


def dripping_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n")
    _drip(handler, b"X: y\r\n")


def dripping_extension(handler: Handler) -> None:
    """Send an extension of a chunk's size that does not end."""
    _begin_chunks(handler)
    handler.wfile.write(b"1;")
    _drip(handler, b"a")


def dripping_trailers(handler: Handler) -> None:
    """Send a complete picture, then trailers without end."""
    _begin_chunks(handler)
    handler.wfile.write(b"4\r\n" + JPEG + b"\r\n0\r\n")
    _drip(handler, b"X: y\r\n")


def _begin_chunks(handler: Handler) -> None:
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
    )


def _drip(handler: Handler, piece: bytes) -> None:
    """Send the piece ten times a second, for a minute and a half."""
    with suppress(OSError):
        for _ in range(900):
            time.sleep(0.1)
            handler.wfile.write(piece)
