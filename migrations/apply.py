"""Re-create every replaceable object from sql/*.sql."""

import re
from pathlib import Path

import psycopg

SQL = Path(__file__).resolve().parents[1] / "sql"
ROLES = SQL / "000_roles.sql"
PYTHON = "_python"  # ends the names of files that need PL/Python
# Definitions for a cluster of Citus, in place of those of the same name in sql/*.sql.
CLUSTER = SQL / "citus"
DEFINITION = re.compile(
    r"^create or replace (?:"
    r"function muse\.(?P<function>\w+)\(.*?^(?:end|\$\$);\n"
    r"|view muse\.(?P<view>\w+) as\n.*?;\n"
    # Citus has no triggers on distributed tables.
    r"|trigger \w+ (?:before|after) [a-z ]+ on muse\.(?P<table>wikidata|image_vectors)\n.*?;\n)",
    re.DOTALL | re.MULTILINE,
)


def create_roles(conn: psycopg.Connection) -> None:
    """Create the roles that revisions and grants name, in the caller's transaction."""
    conn.execute(ROLES.read_bytes())


def apply_sql(conn: psycopg.Connection, *, with_python: bool, cluster: bool = False) -> None:
    """Run sql/*.sql in name order, inside the caller's transaction.

    Without PL/Python (a managed server) the files NN_topic_python.sql are left out: the others
    stand alone, so that every view works and no function exists that can only fail. cluster: with
    the definitions of sql/citus/.
    """
    if with_python:
        conn.execute("create extension if not exists plpython3u")
    # Loads both libraries: only then may a role that is no superuser name their settings.
    conn.execute("select '[1]'::public.vector, public.similarity('a', 'a')")
    others = cluster_definitions() if cluster else None
    for path in sorted(SQL.glob("*.sql")):
        if path.stem.endswith(PYTHON) and not with_python:
            continue
        text = path.read_text(encoding="utf-8")
        try:
            conn.execute((text if others is None else for_cluster(text, others)).encode())
        except psycopg.Error as error:
            error.add_note(f"while applying sql/{path.name}")
            raise


def cluster_definitions() -> dict[str, str]:
    """The definitions of sql/citus/*.sql by name."""
    return {
        match["function"] or match["view"]: match[0]
        for path in CLUSTER.glob("*.sql")
        for match in DEFINITION.finditer(path.read_text(encoding="utf-8"))
    }


def for_cluster(text: str, others: dict[str, str]) -> str:
    """A file with the definitions of `others`, and without triggers of distributed tables."""

    def replacement(match: re.Match[str]) -> str:
        name = match["function"] or match["view"]
        return others.get(name, match[0]) if name else ""

    return DEFINITION.sub(replacement, text)


def is_cluster(conn: psycopg.Connection) -> bool:
    """Whether tables of muse are distributed by Citus."""
    if conn.execute("select to_regclass('pg_catalog.pg_dist_partition')").fetchone() == (None,):
        return False
    query = """
        select from pg_dist_partition as part
        inner join pg_class as relation on part.logicalrelid = relation.oid
        where relation.relnamespace = 'muse'::regnamespace
    """
    return bool(conn.execute(query).rowcount)
