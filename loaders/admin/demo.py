"""The demo: load sample data, and show queries of every topic in the terminal and on a page."""

import os

from loaders import topics
from loaders.admin.demo_page import PAGE, section, show, write_page
from loaders.admin.migrate import migrate
from loaders.core import db
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.server.cluster import embedded

PAGES = "http://localhost:8765"


def demo(*, configured: bool = False) -> None:
    """Load the sample data and show queries.

    configured: on the server that PG* variables choose, which is migrated. Otherwise on the
    embedded server, whatever these variables say.

    Errors: Problem where no variable chooses a server.
    """
    if configured and not db.is_configured():
        raise Problem("demo --configured needs a server: set PGHOST, PGDATABASE or PGSERVICE")
    if not configured:
        start_embedded()
    sections = []
    with db.connect_to_load(announce=configured, autocommit=True) as conn:
        for topic in topics.TOPICS:
            for answer in topic.demo(conn):
                show(answer)
                sections.append(section(conn, answer))
    write_page(sections)
    print(f"\nLook at it:         ./pgmuse serve, then {PAGES} in a browser")
    print(f"The same as a file: {PAGE}")
    if not configured:
        print("Go on in psql:      ./pgmuse psql")


def start_embedded() -> None:
    """Start the embedded server and migrate its database; removes PG* variables."""
    for name in [name for name in os.environ if name.startswith("PG") and "PGMUSE" not in name]:
        del os.environ[name]
    say("starting the embedded server")
    embedded().up()
    migrate()
