"""What the embedded server does, and what is in its database."""

import json
from typing import Any

import psycopg

from loaders.core.server.cluster import Server, embedded

MODELS = "select name, model_id from muse.deployments order by name"


def status(*, as_json: bool) -> bool:
    """Print it; whether the server runs."""
    told = describe(embedded())
    if as_json:
        print(json.dumps(told))
    else:
        for name, value in told.items():
            print(f"{name:<10} {value}")
    return bool(told["running"])


def describe(server: Server) -> dict[str, Any]:
    """What is known, as a JSON object."""
    told: dict[str, Any] = {"running": server.running(), "folder": str(server.folder)}
    if not told["running"]:
        return told
    host, port = server.address()
    told |= {"socket": str(server.socket), "listens": f"{host}:{port}" if host else None}
    with server.connect() as conn:
        row = conn.execute("select pg_database_size(current_database())").fetchone()
        told |= {"megabytes": row[0] >> 20 if row else 0} | _contents(conn)
    return told


def _contents(conn: psycopg.Connection) -> dict[str, Any]:
    if conn.execute("select to_regclass('muse.models')").fetchone() == (None,):
        return {"schema": None}
    revision = conn.execute("select version_num from muse.alembic_version").fetchone()
    return {
        "schema": revision[0] if revision else None,
        "models": dict(conn.execute(MODELS).fetchall()),
    }
