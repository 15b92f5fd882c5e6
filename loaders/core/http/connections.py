"""Connections on which an answer comes in time, however it trickles in.

A socket's timeout begins anew with every byte; here a clock ends the connection, and who waits for
a byte finds it at its end.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


@contextmanager
def ended_at(until: float, end: Callable[[], object], error: Exception) -> Iterator[None]:
    """Call `end` at that time of time.monotonic, where this still goes on then, and raise `error`.

    What came until then may look whole, since the end of a connection can be that of an answer.
    """
    late = threading.Event()

    def ring() -> None:
        late.set()
        with suppress(OSError, RuntimeError, ValueError):  # it has just ended by itself
            end()

    seconds = min(max(until - time.monotonic(), 0), threading.TIMEOUT_MAX)
    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if late.is_set():
            raise error from None
        raise
    finally:
        timer.cancel()
    if late.is_set():
        raise error


class Timed(HTTPConnection):
    """The timeout to read is that of the status and all headers together."""

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        until = time.monotonic() + (self.timeout or threading.TIMEOUT_MAX)
        # A descriptor of its own: self.sock is let go of where nothing comes after the answer.
        with (
            socket.socket(fileno=os.dup(self.sock.fileno())) as line,
            ended_at(until, lambda: line.shutdown(socket.SHUT_RDWR), TimeoutError()),
        ):
            return super().getresponse()


class TimedSafely(Timed, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = Timed


class _SafePool(HTTPSConnectionPool):
    ConnectionCls: Any = TimedSafely


POOLS = {"http": _Pool, "https": _SafePool}
