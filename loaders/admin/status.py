"""`pgmuse status`: the state of the server that commands use, and its live models."""

import json
from typing import Any

import psycopg

from loaders.core import db
from loaders.core.errors import Problem
from loaders.core.server.cluster import Server, embedded

MODELS = "select name, model_id from muse.deployments order by name"


def status(*, as_json: bool) -> bool:
    """Print the status; return whether the server can be reached."""
    values = describe_configured() if db.is_configured() else describe(embedded())
    if as_json:
        print(json.dumps(values))
    else:
        for name, value in values.items():
            print(f"{name:<10} {_readable(value)}")
    return bool(values["running"])


def describe(server: Server) -> dict[str, Any]:
    """The status as a JSON object; a stopped server has `running` and `folder` only."""
    values: dict[str, Any] = {"running": server.running(), "folder": str(server.folder)}
    if not values["running"]:
        return values
    host, port = server.address()
    values |= {"socket": str(server.socket), "listens": f"{host}:{port}" if host else None}
    with server.connect() as conn:
        row = conn.execute("select pg_database_size(current_database())").fetchone()
        values |= {"megabytes": row[0] >> 20 if row else 0} | _contents(conn)
    return values


def describe_configured() -> dict[str, Any]:
    """The status of the server that PG* variables name; `error` where it cannot be reached."""
    try:
        with db.connect() as conn:
            row = conn.execute("select pg_database_size(current_database())").fetchone()
            where = {"running": True, "server": db.describe(conn)}
            return where | {"megabytes": row[0] >> 20 if row else 0} | _contents(conn)
    except Problem as error:
        return {"running": False, "error": str(error)}


def _readable(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "none"
        case dict():
            return ", ".join(f"{name} {number}" for name, number in value.items()) or "none"
    return str(value)


def _contents(conn: psycopg.Connection) -> dict[str, Any]:
    if conn.execute("select to_regclass('muse.models')").fetchone() == (None,):
        return {"schema": None}
    revision = conn.execute("select version_num from muse.alembic_version").fetchone()
    return {
        "schema": revision[0] if revision else None,
        "models": dict(conn.execute(MODELS).fetchall()),
    }
