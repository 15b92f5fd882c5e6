"""The SQL of the loader of Wikidata; on a cluster that of cluster.sql in place of some."""

from pathlib import Path

import psycopg

from loaders.core.db import is_distributed
from loaders.core.queries import Queries

FILES = [Path(__file__).with_name(f"{name}.sql") for name in ("queries", "names", "classes")]
QUERIES = Queries(*FILES)
CLUSTER = Queries(*FILES, Path(__file__).with_name("cluster.sql"))


def queries_for(conn: psycopg.Connection) -> Queries:
    """The queries for one server, or for a cluster."""
    return CLUSTER if is_distributed(conn, "wikidata") else QUERIES
