"""What every benchmark does alike: a server of its own, and its parts one after the other."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from loaders.admin.migrate import migrate
from loaders.core.errors import Problem
from loaders.core.server.cluster import DATABASE, SUPERUSER, Server, throw_away


@contextmanager
def fresh_server() -> Iterator[Server]:
    """A migrated server that loaders talk to, and that is gone afterwards."""
    with throw_away(settings="") as server:
        os.environ |= {"PGHOST": str(server.socket), "PGUSER": SUPERUSER, "PGDATABASE": DATABASE}
        migrate()
        yield server


def check_part(only: str | None, parts: Iterable[str]) -> None:
    """Errors: a Problem where there is no such part."""
    names = list(parts)
    if only is not None and only not in names:
        raise Problem(f"no part {only!r}: {', '.join(names)}")


def begun(part: str) -> None:
    """A line on stderr, since a part takes minutes."""
    print(f"-- {part}", file=sys.stderr)
