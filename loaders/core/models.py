"""Make a model live: its row, its vectors as a partition filled aside, and the switch to it.

A reader sees the old model or the new one. Attaching a partition takes no lock that a query waits
for; dropping one waits for readers for 0.1 s at most, and is tried again at the next publication.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from loaders.core.errors import Problem

NEW_MODEL = """
    insert into muse.models (name, config, content, metrics) values (%s, %s, %s, %s)
    returning model_id
"""
DEPLOY = """
    insert into muse.deployments as live (name, model_id) values (%s, %s)
    on conflict (name) do update set
        model_id = excluded.model_id, deployed_at = clock_timestamp(), previous_id = live.model_id
"""
# Settings of the database or the role: alter database NAME set muse.keep_models = 9.
KEEP_MODELS = 5  # of a name
# Of older models the bytes go, and the row where nothing refers to it.
PRUNE_CONTENT = """
    with old as (
        select model.model_id from (
            select model_id, name, row_number() over (
                partition by name order by model_id desc
            ) as place
            from muse.models where name = %(name)s
        ) as model
        where model.place > coalesce(
            substring(current_setting('muse.keep_models', true) from '^[0-9]{1,5}$')::integer,
            %(keep)s
        ) and not exists (
            select from muse.deployments as live
            where model.model_id in (live.model_id, live.previous_id)
        )
    ),
    emptied as (
        update muse.models as model set content = null
        from old where old.model_id = model.model_id and model.content is not null
    )
    delete from muse.models as model using old
    where old.model_id = model.model_id
      and not exists (select from muse.samples where samples.model_id = old.model_id)
      and not exists (select from muse.grid_icons where grid_icons.model_id = old.model_id)
      and not exists (select from muse.grid_blocks where grid_blocks.model_id = old.model_id)
      and not exists (
          select from muse.models as user_model
          where user_model.config ->> 'classifier' = old.model_id::text
      )
"""
PROOF = """
import sys
from ai_edge_litert.interpreter import Interpreter
made = Interpreter(model_content=sys.stdin.buffer.read(), num_threads=1)
made.allocate_tensors()
made.invoke()
"""


@dataclass(frozen=True)
class Part:
    """A table with one partition a model, and how that partition is filled.

    `fill` gets the connection, the partition's name and the model's id. Its indexes are in
    muse.vector_indexes.
    """

    table: str
    fill: Callable[[psycopg.Connection, str, int], Any]


def publish(
    conn: psycopg.Connection,
    name: str,
    config: dict[str, Any],
    metrics: dict[str, Any],
    *,
    content: bytes | None = None,
    parts: tuple[Part, ...] = (),
) -> int:
    """Store a model, fill its partitions, deploy it, drop those of older models; return its id.

    `conn` is in autocommit mode. One transaction stores and fills, so that a run that is killed
    leaves nothing. A second one switches, in milliseconds: a session that sees the new deployment
    then also sees its partitions, on a standby too. The replaced model's partitions stay until the
    next publication, for transactions that began before.
    """
    if content is not None:
        prove(content)
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
        conn.execute(DEPLOY, (name, model_id))
    drop_retired(conn)
    prune_models(conn, name)
    return int(model_id)


def drop_retired(conn: psycopg.Connection) -> None:
    """Drop partitions of models that were replaced.

    Those of the model that was live before stay for 24 hours, and those that a reader holds until
    the next call.
    """
    conn.execute("select muse.drop_retired_partitions()")


def prune_models(conn: psycopg.Connection, name: str) -> None:
    """Delete all but the newest models of a name, the live one and the one before it."""
    conn.execute(PRUNE_CONTENT, {"name": name, "keep": KEEP_MODELS})


def prove(content: bytes) -> None:
    """Run a LiteRT model once in a process of its own, so that a broken one breaks nothing."""
    done = subprocess.run(
        [sys.executable, "-c", PROOF], input=content, capture_output=True, timeout=120, check=False
    )
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it crashed"]
        raise Problem(f"this LiteRT model does not run and is not stored: {reason[0]}")
