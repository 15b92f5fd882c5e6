"""Settings of the pages."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What `serve` was called with.

    names: host names under which the pages are reached, beside `localhost` and the address.
    connections: to the database at most; each may hold the networks of a search, some 100 MB.
    decoders: processes that decode uploaded pictures. seconds: limit of a query.
    upload: bytes of a request at most. arrival: seconds in which it has arrived.
    can_draw: whether this process draws what is requested.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    names: tuple[str, ...] = ()
    connections: int = 4
    decoders: int = max(1, min(4, len(os.sched_getaffinity(0))))
    seconds: int = 30
    upload: int = 32 << 20
    arrival: float = 60.0
    can_draw: bool = False
