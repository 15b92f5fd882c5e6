"""Connections to browsers, with limits that uvicorn has not: idle ones and slow readers end."""

import asyncio
from collections.abc import Callable

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 400  # connections; a process may have 1,024 files at most in many systems
SECONDS = 15.0  # for the head of a request, between two requests, and for a reader that stops


class Connection(H11Protocol):
    """A connection that has `SECONDS` to send the head of a request, and to read an answer.

    uvicorn waits forever for the first head, for the rest of a head, and for a browser that does
    not read; its limit counts connections, so that idle ones refuse everybody.
    """

    head_timer: asyncio.TimerHandle | None = None
    read_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
        else:
            self.head_timer = self._later(self.head_timer, self._end)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.head_timer and self.conn.their_state is not h11.IDLE:
            self.head_timer.cancel()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self.read_timer = self._later(self.read_timer, self.transport.abort)
        elif self.conn.their_state is h11.IDLE:
            self.head_timer = self._later(self.head_timer, self._end)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.read_timer = self._later(self.read_timer, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.read_timer:
            self.read_timer.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self.head_timer, self.read_timer):
            if timer:
                timer.cancel()

    def _end(self) -> None:
        self.transport.close()  # writes first what is left of an answer
        self.read_timer = self._later(self.read_timer, self.transport.abort)

    def _later(
        self, timer: asyncio.TimerHandle | None, function: Callable[[], None]
    ) -> asyncio.TimerHandle:
        if timer:
            timer.cancel()
        return self.loop.call_later(SECONDS, function)
