"""Re-create every replaceable object from sql/*.sql."""

from pathlib import Path

import psycopg

SQL = Path(__file__).resolve().parents[1] / "sql"
ROLES = SQL / "000_roles.sql"
PYTHON = b"language plpython3u"  # a file with this needs the language


def create_roles(conn: psycopg.Connection) -> None:
    """Create the roles that revisions and grants name, in the caller's transaction."""
    conn.execute(ROLES.read_bytes())


def apply_sql(conn: psycopg.Connection, *, with_python: bool) -> None:
    """Run sql/*.sql in name order, inside the caller's transaction.

    Without PL/Python (a managed server) the files that need it are left out.
    """
    if with_python:
        conn.execute("create extension if not exists plpython3u")
    # Loads both libraries: only then may a role that is no superuser name their settings.
    conn.execute("select '[1]'::public.vector, public.similarity('a', 'a')")
    for path in sorted(SQL.glob("*.sql")):
        text = path.read_bytes()
        if PYTHON in text and not with_python:
            continue
        try:
            conn.execute(text)
        except psycopg.Error as error:
            error.add_note(f"while applying sql/{path.name}")
            raise
