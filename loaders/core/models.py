"""Publish a model: insert its row, fill a partition with its vectors, and deploy it.

A query sees either the old model or the new one. Attaching a partition takes no lock that blocks
queries. Dropping one waits at most 0.1 s for running queries, and is retried at the next
publication.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from loaders.core.db import QUERIES
from loaders.core.errors import Problem

NEW_MODEL = """
    insert into muse.models (name, config, content, metrics) values (%s, %s, %s, %s)
    returning model_id
"""
LIVE = """
    select model_id, config, metrics, content
    from muse.deployments join muse.models using (name, model_id) where name = %s
"""
KEEP_MODELS = 5  # per name, unless the setting muse.keep_models overrides it
RUN_ONCE = """
import sys
from ai_edge_litert.interpreter import Interpreter
network = Interpreter(model_content=sys.stdin.buffer.read(), num_threads=1)
network.allocate_tensors()
network.invoke()
"""


@dataclass(frozen=True)
class Part:
    """A table with one partition per model, and the function that fills a partition.

    fill: called with the connection, the partition's name and the model's id. The indexes of the
    partition are listed in muse.vector_indexes.
    """

    table: str
    fill: Callable[[psycopg.Connection, str, int], Any]


class LiveModel(NamedTuple):
    """The model that answers under a name. content: a LiteRT flatbuffer, or None."""

    model_id: int
    config: dict[str, Any]
    metrics: dict[str, Any]
    content: bytes | None


def live_model(conn: psycopg.Connection, name: str) -> LiveModel | None:
    """The live model of a name; None where there is none."""
    row = conn.execute(LIVE, (name,)).fetchone()
    return None if row is None else LiveModel(*row)


def publish(
    conn: psycopg.Connection,
    name: str,
    config: dict[str, Any],
    metrics: dict[str, Any],
    *,
    content: bytes | None = None,
    parts: tuple[Part, ...] = (),
) -> int:
    """Store a model, fill its partitions, deploy it, and drop retired partitions; return its id.

    `conn` is in autocommit mode. The first transaction stores and fills: a killed run leaves
    nothing. The second one deploys, in milliseconds: a session that sees the new deployment also
    sees its partitions, on a standby too. The replaced model's partitions are kept until the next
    publication, for transactions that began earlier.

    Errors: Problem where `content` is a LiteRT model that does not run.
    """
    if content is not None:
        check_runs(content)
    with conn.transaction():
        values = (name, Jsonb(config), content, Jsonb(metrics))
        (model_id,) = conn.execute(NEW_MODEL, values).fetchone() or (0,)
        for part in parts:
            conn.execute("select muse.create_partition(%s, %s)", (part.table, model_id))
            part.fill(conn, f"muse_partitions.{part.table}_{model_id}", model_id)
            conn.execute("select muse.index_partition(%s, %s)", (part.table, model_id))
        for part in parts:
            conn.execute("select muse.attach_partition(%s, %s)", (part.table, model_id))
    with conn.transaction():
        conn.execute(QUERIES.deploy, {"name": name, "model_id": model_id})
    drop_retired(conn)
    prune_models(conn, name)
    return int(model_id)


def drop_retired(conn: psycopg.Connection) -> None:
    """Drop partitions of replaced models.

    Those of the previously live model are kept for 24 hours, and those that a query has locked
    until the next call.
    """
    conn.execute("select muse.drop_retired_partitions()")


def prune_models(conn: psycopg.Connection, name: str) -> None:
    """Delete old models of a name; the newest 5, the live one and its predecessor are kept."""
    conn.execute(QUERIES.prune_models, {"name": name, "keep": KEEP_MODELS})


def check_runs(content: bytes) -> None:
    """Run a LiteRT model once in a separate process, which a broken model may crash.

    Errors: Problem.
    """
    done = subprocess.run(
        [sys.executable, "-c", RUN_ONCE],
        input=content,
        capture_output=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it crashed"]
        raise Problem(f"this LiteRT model does not run and is not stored: {reason[0]}")
