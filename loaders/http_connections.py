"""Connections on which the head of an answer comes in time, however it trickles in.

A socket's timeout begins anew with every byte; that of a whole body its reader sees to.
"""

import contextlib
import os
import socket
import threading
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Timed(HTTPConnection):
    """The timeout to read is that of the status and all headers together."""

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        late = threading.Event()
        timer = threading.Timer(self.timeout or threading.TIMEOUT_MAX, self._end, (late,))
        timer.daemon = True
        timer.start()
        try:
            response = super().getresponse()
        except Exception:
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
        if late.is_set():  # the end of the connection looks like that of the headers
            response.close()
            raise TimeoutError
        return response

    def _end(self, late: threading.Event) -> None:
        """Let who waits for a byte find the connection at its end."""
        late.set()
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.sock.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)


class TimedSafely(Timed, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = Timed


class _SafePool(HTTPSConnectionPool):
    ConnectionCls: Any = TimedSafely


POOLS = {"http": _Pool, "https": _SafePool}
