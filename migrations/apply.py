"""Re-create every replaceable object from sql/*.sql."""

from pathlib import Path

import psycopg

SQL = Path(__file__).resolve().parents[1] / "sql"
ROLES = SQL / "000_roles.sql"
PYTHON = "_python"  # ends the names of files that need PL/Python


def create_roles(conn: psycopg.Connection) -> None:
    """Create the roles that revisions and grants name, in the caller's transaction."""
    conn.execute(ROLES.read_bytes())


def apply_sql(conn: psycopg.Connection, *, with_python: bool) -> None:
    """Run sql/*.sql in name order, inside the caller's transaction.

    Without PL/Python (a managed server) the files NN_topic_python.sql are left out: the others
    stand alone, so that every view works and no function exists that can only fail.
    """
    if with_python:
        conn.execute("create extension if not exists plpython3u")
    # Loads both libraries: only then may a role that is no superuser name their settings.
    conn.execute("select '[1]'::public.vector, public.similarity('a', 'a')")
    for path in sorted(SQL.glob("*.sql")):
        if path.stem.endswith(PYTHON) and not with_python:
            continue
        try:
            conn.execute(path.read_bytes())
        except psycopg.Error as error:
            error.add_note(f"while applying sql/{path.name}")
            raise
