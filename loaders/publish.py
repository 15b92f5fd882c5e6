"""Make a model live: its row, its vectors as a partition filled aside, and the switch to it.

A reader sees the old model or the new one, and never waits: attaching a partition and detaching
one concurrently take no lock that a query would wait for.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from loaders.errors import Problem

NEW_MODEL = """
    insert into muse.models (name, config, content, metrics) values (%s, %s, %s, %s)
    returning model_id
"""
DEPLOY = """
    insert into muse.deployments (name, model_id) values (%s, %s)
    on conflict (name) do update set model_id = excluded.model_id, deployed_at = now()
"""
# Partitions of models that are not live, and whether somebody began to detach them.
RETIRED = """
    select child.relname, inherits.inhdetachpending
    from pg_inherits as inherits
    join pg_class as child on child.oid = inherits.inhrelid
    where inherits.inhparent = %s::regclass
      and child.relname <> all (
          select %s || '_' || model_id from (
              select model_id from muse.deployments where name = %s
              union all
              select unnest(%s::bigint[])
          ) as kept
      )
"""
# Detached by a run that was killed before it dropped them.
DETACHED = """
    select relname from pg_class
    where relnamespace = 'muse_partitions'::regnamespace and relkind = 'r'
      and not relispartition and relname ~ %s
"""
PATIENCE = "5s"  # for readers that hold an old partition; the next publication tries again
PROOF = """
import sys
from ai_edge_litert.interpreter import Interpreter
made = Interpreter(model_content=sys.stdin.buffer.read(), num_threads=1)
made.allocate_tensors()
made.invoke()
"""


@dataclass(frozen=True)
class Part:
    """A table with one partition a model, and how that partition is filled and indexed.

    `fill` gets the connection, the partition's name and the model's id; `indexes` are literals
    of ours that follow `create index on PARTITION`.
    """

    table: str
    fill: Callable[[psycopg.Connection, str, int], Any]
    indexes: tuple[str, ...] = ()


def publish(
    conn: psycopg.Connection,
    name: str,
    config: dict[str, Any],
    metrics: dict[str, Any],
    *,
    content: bytes | None = None,
    parts: tuple[Part, ...] = (),
) -> int:
    """Store a model, fill its partitions, make it live, drop the old ones; return its id.

    `conn` is in autocommit mode. One transaction holds all but the dropping, so a run that is
    killed leaves nothing; the switch at its end takes milliseconds.
    """
    if content is not None:
        prove(content)
    with conn.transaction():
        conn.execute(
            "select pg_advisory_xact_lock(hashtext('muse.deployments'), hashtext(%s))", (name,)
        )
        values = (name, Jsonb(config), content, Jsonb(metrics))
        (model_id,) = conn.execute(NEW_MODEL, values).fetchone() or (0,)
        for part in parts:
            _fill(conn, part, model_id)
        for part in parts:
            _attach(conn, part.table, model_id)
        conn.execute(DEPLOY, (name, model_id))
    for part in parts:
        drop_retired(conn, part.table, name)
    return int(model_id)


def prove(content: bytes) -> None:
    """Run a LiteRT model once in a process of its own, so that a broken one breaks nothing."""
    done = subprocess.run(
        [sys.executable, "-c", PROOF], input=content, capture_output=True, timeout=120, check=False
    )
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it crashed"]
        raise Problem(f"this LiteRT model does not run and is not stored: {reason[0]}")


def drop_retired(
    conn: psycopg.Connection, table: str, name: str, keep: tuple[int, ...] = ()
) -> None:
    """Detach and drop the partitions of models that are not live; leave those still read.

    `keep` are models that are needed besides the one that is live under that name.
    """
    parent = sql.Identifier("muse", table)
    conn.execute(sql.SQL("set lock_timeout = {}").format(sql.Literal(PATIENCE)))
    conn.execute(sql.SQL("set statement_timeout = {}").format(sql.Literal(PATIENCE)))
    try:
        for part, pending in conn.execute(
            RETIRED, (f"muse.{table}", table, name, list(keep))
        ).fetchall():
            how = sql.SQL("finalize" if pending else "concurrently")
            detach = sql.SQL("alter table {} detach partition {} {}")
            conn.execute(detach.format(parent, sql.Identifier("muse_partitions", part), how))
        for (part,) in conn.execute(DETACHED, (f"^{table}_[0-9]+$",)).fetchall():
            conn.execute(sql.SQL("drop table {}").format(sql.Identifier("muse_partitions", part)))
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
        pass  # a reader holds it: it is not live, and the next publication drops it
    finally:
        conn.execute("reset lock_timeout")
        conn.execute("reset statement_timeout")


def _fill(conn: psycopg.Connection, part: Part, model_id: int) -> None:
    """A table like the partitioned one, filled, then indexed; its CHECK spares the scan later."""
    parent, name = sql.Identifier("muse", part.table), f"muse_partitions.{part.table}_{model_id}"
    table = sql.Identifier(*name.split("."))
    make = sql.SQL("create table {} (like {} including constraints, check (model_id = {}))")
    conn.execute(make.format(table, parent, sql.Literal(model_id)))
    part.fill(conn, name, model_id)
    _beware_of_old_pgvector(conn, table)
    keys = conn.execute(
        "select pg_get_constraintdef(oid) from pg_constraint where conrelid = %s::regclass "
        "and contype = 'p'",
        (f"muse.{part.table}",),
    ).fetchone()
    if keys:
        conn.execute(sql.SQL("alter table {} add {}").format(table, sql.SQL(keys[0])))
    for index in part.indexes:
        conn.execute(sql.SQL("create index on {} {}").format(table, sql.SQL(index)))
    conn.execute(sql.SQL("analyze {}").format(table))
    conn.execute(sql.SQL("alter table {} owner to muse_loader").format(table))


def _attach(conn: psycopg.Connection, table: str, model_id: int) -> None:
    attach = sql.SQL("alter table {} attach partition {} for values in ({})")
    part = sql.Identifier("muse_partitions", f"{table}_{model_id}")
    conn.execute(attach.format(sql.Identifier("muse", table), part, sql.Literal(model_id)))


def _beware_of_old_pgvector(conn: psycopg.Connection, table: sql.Identifier) -> None:
    """Before 0.8.2 parallel builds can overflow, before 0.8.4 vacuum can damage an index."""
    query = "select extversion from pg_extension where extname = 'vector'"
    (found,) = conn.execute(query).fetchone() or ("0",)
    version = tuple(map(int, found.split(".")))
    if version < (0, 8, 2):
        conn.execute("set local max_parallel_maintenance_workers = 0")
    if version < (0, 8, 4):
        conn.execute(sql.SQL("alter table {} set (vacuum_index_cleanup = off)").format(table))
