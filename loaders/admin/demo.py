"""The demo: load sample data, and show queries of every topic in the terminal and on a page."""

import os

from loaders import topics
from loaders.admin.demo_page import PAGE, section, show, write_page
from loaders.admin.migrate import migrate
from loaders.core import db
from loaders.core.console import say
from loaders.core.server.cluster import embedded


def demo() -> None:
    """Load the sample data on the embedded server, ignoring PG* variables, and show queries."""
    for name in [name for name in os.environ if name.startswith("PG") and "PGMUSE" not in name]:
        del os.environ[name]
    say("starting the embedded server")
    embedded().up()
    migrate()
    sections = []
    with db.connect_to_load(autocommit=True) as conn:
        for topic in topics.TOPICS:
            for answer in topic.demo(conn):
                show(answer)
                sections.append(section(conn, answer))
    write_page(sections)
    print(f"\nAll of it on one page: {PAGE}\nGo on in psql:         ./pgmuse psql")
