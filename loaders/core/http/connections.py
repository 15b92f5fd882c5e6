"""Connections with a deadline for each response.

The timeout of a socket starts again with every byte, so a server that sends a byte a second never
exceeds it. Here a timer shuts the socket down at the deadline; blocked reads then return EOF.
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
def deadline(at: float, shutdown: Callable[[], object], error: Exception) -> Iterator[None]:
    """Call `shutdown` where the block still runs at that time of time.monotonic; raise `error`.

    It is raised also where the block succeeds: EOF can look like the regular end of a response.
    """
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        with suppress(OSError, RuntimeError, ValueError):  # the response has just ended
            shutdown()

    seconds = min(max(at - time.monotonic(), 0), threading.TIMEOUT_MAX)
    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if expired.is_set():
            raise error from None
        raise
    finally:
        timer.cancel()
    if expired.is_set():
        raise error


class DeadlineConnection(HTTPConnection):
    """The read timeout is a deadline for the status line and all headers together."""

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        at = time.monotonic() + (self.timeout or threading.TIMEOUT_MAX)
        # A duplicate descriptor: self.sock is None after a response without keep-alive.
        with (
            socket.socket(fileno=os.dup(self.sock.fileno())) as duplicate,
            deadline(at, lambda: duplicate.shutdown(socket.SHUT_RDWR), TimeoutError()),
        ):
            return super().getresponse()


class DeadlineHTTPSConnection(DeadlineConnection, HTTPSConnection):
    """The same over TLS."""


def pool_classes(plain: Any, secure: Any) -> dict[str, Any]:
    """For PoolManager.pool_classes_by_scheme: pools of these classes of connections."""
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }


POOLS = pool_classes(DeadlineConnection, DeadlineHTTPSConnection)
