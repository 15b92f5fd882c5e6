"""`pgmuse distribute`: large tables on the nodes of a Citus cluster, and back on one server."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from loaders.admin.migrate import migrate
from loaders.core import db
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.queries import Queries
from loaders.core.server import addresses

QUERIES = Queries(Path(__file__).with_name("distribute.sql"))
SHARDS = 32
# Tables by the column that chooses the shard; those beside another have its shards on its nodes.
DISTRIBUTED = {
    "image_vectors": ("image_id", None),
    "wikidata": ("wikidata_id", None),
    "wikidata_numbers": ("wikidata_id", "wikidata"),
    "wikidata_sitelinks": ("wikidata_id", "wikidata"),
}
REFERENCE = ("wikidata_labels", "wikidata_classes")  # a copy on each node
TABLES = (*DISTRIBUTED, *REFERENCE)
# Settings of functions do not reach the nodes; those of their databases do.
ON_WORKERS = {
    "hnsw.ef_search": "100",
    "hnsw.iterative_scan": "strict_order",
    "jit": "off",
    "pg_trgm.word_similarity_threshold": "0.55",
}
# A search opens few connections again; a node that is away is noticed in seconds.
ON_COORDINATOR = {
    "citus.max_cached_conns_per_worker": "4",
    "citus.node_connection_timeout": "5000",
}
# Pages and loads set these roles, and the coordinator connects to the nodes as them. They have no
# passwords.
ROLES = ("muse_reader", "muse_loader")


class Node(NamedTuple):
    """A connection to the database of a node, with the node's host and port."""

    host: str
    port: int
    conn: psycopg.Connection

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


def distribute(
    workers: Sequence[str], *, shards: int = SHARDS, coordinator: str | None = None
) -> None:
    """Make this server the coordinator of a cluster, and move large tables to its nodes.

    workers: HOST[:PORT] or a socket's FOLDER:PORT of each node; those that are nodes already may be
    left out. coordinator: the address of this server for the workers. Repeating it adds nodes.

    Errors: Problem, with every check that failed in a line; the tables are then as before.
    """
    with db.connect(autocommit=True) as conn, ExitStack() as stack:
        db.check_writable(conn)
        stored = conn.execute(QUERIES.select_workers).fetchall() if _has_citus(conn) else []
        targets = dict.fromkeys([*stored, *map(_parse, workers)])
        nodes, failed = [], list(check_coordinator(conn))
        for host, port in targets:
            try:
                node = Node(host, port, stack.enter_context(_connect(conn, host, port)))
            except psycopg.OperationalError as error:
                failed.append(_unreached(conn, f"{host}:{port}", error))
                continue
            nodes.append(node)
            failed += check_worker(conn, node, is_new=(host, port) not in stored)
        if failed:
            raise Problem("nothing was changed, these checks failed:", failed)
        add_nodes(conn, _parse(coordinator) if coordinator else None, nodes)
        has_python = _available(conn, "plpython3u", is_installed=True)
        migrate(with_python=has_python, distribute=lambda own: move_tables(own, shards))
        for table in TABLES:
            conn.execute(QUERIES.truncate_local, {"table": f"muse.{table}"})
        for own in (*(node.conn for node in nodes), conn):
            for role in ROLES:
                own.execute(sql.SQL("alter role {} login").format(sql.Identifier(role)))
        check_logins(conn)
    say(f"{len(TABLES)} tables are on {len(nodes)} nodes; the view nodes lists them")


def _unreached(conn: psycopg.Connection, name: str, error: Exception) -> str:
    reason = " ".join(str(error).split())
    return (
        f"{name} is not reached: {reason}; it needs a database {conn.info.dbname} and the login "
        f"{conn.info.user}"
    )


def undo() -> None:
    """Bring all tables back to this server, and remove the nodes. Errors: Problem."""
    with db.connect(autocommit=True) as conn:
        if not _has_citus(conn):
            raise Problem("this database is not distributed")
        has_python = _available(conn, "plpython3u", is_installed=True)
    migrate(with_python=has_python, bring_back=bring_back)
    with db.connect(autocommit=True) as conn:
        for host, port in conn.execute(QUERIES.select_workers).fetchall():
            conn.execute("select citus_remove_node(%s, %s)", (host, port))
        conn.execute("drop extension citus")
        for role in ROLES:
            conn.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(role)))
        for name in ON_COORDINATOR:
            conn.execute(_setting(conn.info.dbname, name, None))
    say("all tables are on this server again")


# Checks -------------------------------------------------------------------------------------------


def check_coordinator(conn: psycopg.Connection) -> Iterator[str]:
    """What this server lacks, in lines that say what to do."""
    is_super, owner, user = conn.execute(QUERIES.select_rights).fetchone() or (False, None, "")
    if not is_super:
        yield f"{user} is no superuser: connect as one, only superusers add nodes"
        return  # and may not read the settings that the other checks need
    if owner is None:
        yield "there is no schema muse: run ./pgmuse migrate"
    elif owner != user:
        yield f"the schema muse belongs to {owner}: connect as {owner}"
    yield from _check_server(conn, "this server")


def check_worker(conn: psycopg.Connection, node: Node, *, is_new: bool) -> Iterator[str]:
    """What a node lacks, in lines that say what to do. is_new: it has no tables of ours yet."""
    (is_super,) = node.conn.execute(QUERIES.is_superuser).fetchone() or (False,)
    if not is_super:
        yield f"{node.name}: {conn.info.user} is no superuser there: alter role ... superuser"
        return
    yield from _check_server(node.conn, node.name)
    ours, theirs = (one.info.server_version // 10000 for one in (conn, node.conn))
    if ours != theirs:
        yield f"{node.name} runs PostgreSQL {theirs}, this server {ours}: install {ours} there"
    for name in ("vector", "citus", "plpython3u", "pg_trgm"):
        version = _version(conn, name)
        there = _version(node.conn, name)
        if name in ("vector", "citus") and version and there and version != there:
            yield f"{node.name} has {name} {there}, this server {version}: install {version} there"
    if is_new and node.conn.execute(QUERIES.select_relations).rowcount:
        yield f"{node.name} has a schema muse of its own: give a node an empty database"


def _check_server(conn: psycopg.Connection, name: str) -> Iterator[str]:
    if not _available(conn, "citus"):
        yield f"{name} has no Citus: install the extension citus for its version of PostgreSQL"
    else:
        (libraries,) = conn.execute("show shared_preload_libraries").fetchone() or ("",)
        if "citus" not in str(libraries).replace('"', "").replace(" ", "").split(","):
            value = ", ".join(["citus", *filter(None, [str(libraries)])])
            yield (
                f"{name} does not load Citus: alter system set shared_preload_libraries = {value}; "
                "and restart it"
            )
    for extension in ("vector", "pg_trgm", "plpython3u"):
        if not _available(conn, extension):
            yield f"{name} has no {extension}: install it, with the version of the other nodes"
    if conn.execute("show max_prepared_transactions").fetchone() == ("0",):
        yield (
            f"{name} has max_prepared_transactions = 0, and transactions over several nodes need "
            "them: alter system set max_prepared_transactions = 200; and restart it"
        )


def check_logins(conn: psycopg.Connection) -> None:
    """Query the nodes as every role that may read. Errors: Problem with the roles that cannot."""
    failed = []
    for (role,) in conn.execute(QUERIES.select_logins).fetchall():
        try:
            with conn.transaction():
                conn.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                conn.execute("select count(*) from muse.wikidata_numbers")
        except psycopg.Error as error:
            failed.append(f"{role}: {' '.join(str(error).split())}")
    if failed:
        raise Problem(
            "the tables are distributed, but roles cannot log in on the nodes: let pg_hba.conf "
            "there accept them from this server, or alter role ... password here, with the "
            "passwords in the .pgpass of the server's user: " + "; ".join(failed)
        )


def _available(conn: psycopg.Connection, name: str, *, is_installed: bool = False) -> bool:
    query = "select installed_version from pg_available_extensions where name = %s"
    row = conn.execute(query, (name,)).fetchone()
    return row is not None and (not is_installed or row[0] is not None)


def _version(conn: psycopg.Connection, name: str) -> str | None:
    """The version of an extension that is installed, or would be."""
    query = """
        select coalesce(installed_version, default_version) from pg_available_extensions
        where name = %s
    """
    row = conn.execute(query, (name,)).fetchone()
    return row[0] if row else None


def _has_citus(conn: psycopg.Connection) -> bool:
    return conn.execute("select to_regclass('pg_catalog.pg_dist_node')").fetchone() != (None,)


# Nodes --------------------------------------------------------------------------------------------


def add_nodes(conn: psycopg.Connection, own: tuple[str, int] | None, nodes: Sequence[Node]) -> None:
    """Create the extensions, set the databases up, and add the nodes that are not yet any."""
    for node in nodes:
        node.conn.execute("set citus.enable_ddl_propagation = off")  # only the coordinator may
    for one in (conn, *(node.conn for node in nodes)):
        for name in ("citus", "vector", "pg_trgm"):
            one.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(name)))
    for name, value in ON_COORDINATOR.items():
        conn.execute(_setting(conn.info.dbname, name, value))
    address = own or (conn.info.host, conn.info.port)
    conn.execute("select citus_set_coordinator_host(%s, %s)", address)
    for node in nodes:
        _copy_roles(conn, node.conn)
        conn.execute("select citus_add_node(%s, %s)", (node.host, node.port))
        with node.conn.transaction():
            for name, value in ON_WORKERS.items():
                node.conn.execute(_setting(conn.info.dbname, name, value))


def _copy_roles(conn: psycopg.Connection, node: psycopg.Connection) -> None:
    """Create the roles of readers and loaders with their passwords and memberships on a node."""
    for name, can_log_in, password, groups in conn.execute(QUERIES.select_roles).fetchall():
        role = sql.Identifier(name)
        if not node.execute("select from pg_roles where rolname = %s", (name,)).rowcount:
            node.execute(sql.SQL("create role {}").format(role))
        if can_log_in:
            alter = sql.SQL("alter role {} login password {}")
            node.execute(alter.format(role, sql.Literal(password)))
        for group in groups:
            node.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), role))


def _setting(database: str, name: str, value: str | None) -> sql.Composed:
    text = "alter database {} set {} to {}" if value else "alter database {} reset {}"
    parts = [sql.Identifier(database), sql.SQL(name), *([sql.Literal(value)] if value else [])]  # type: ignore[arg-type]
    return sql.SQL(text).format(*parts)


def _parse(worker: str) -> tuple[str, int]:
    if worker.startswith("/"):  # the folder of a socket
        folder, _, port = worker.partition(":")
        return folder, int(port or addresses.DEFAULT_PORT)
    host, port = addresses.parse_address(worker)
    return host, int(port)


def _connect(conn: psycopg.Connection, host: str, port: int) -> psycopg.Connection:
    return psycopg.connect(
        host=host, port=port, user=conn.info.user, dbname=conn.info.dbname,
        password=conn.info.password or None, connect_timeout=10, autocommit=True,
        application_name="pgmuse",
    )  # fmt: skip


# Tables -------------------------------------------------------------------------------------------


def move_tables(conn: psycopg.Connection, shards: int) -> None:
    """Distribute the tables that are not yet, in the transaction of a migration."""
    conn.execute("set local citus.multi_shard_modify_mode = 'sequential'")
    for table in REFERENCE:
        if not is_distributed(conn, table):
            say(f"{table}: to every node")
            conn.execute("select create_reference_table(%s::regclass)", (f"muse.{table}",))
    for table, (column, beside) in DISTRIBUTED.items():
        if is_distributed(conn, table):
            continue
        say(f"{table}: to {shards} shards by {column}")
        _drop_triggers(conn, "muse", table)
        values = {"table": f"muse.{table}", "key": column, "shards": shards, "beside": beside}
        query = QUERIES.distribute_beside if beside else QUERIES.distribute
        conn.execute(query, values)


def is_distributed(conn: psycopg.Connection, table: str) -> bool:
    """Whether Citus has shards of a table of muse."""
    query = "select from pg_dist_partition where logicalrelid = %s::regclass"
    return bool(conn.execute(query, (f"muse.{table}",)).rowcount)


def _drop_triggers(conn: psycopg.Connection, schema: str, table: str) -> None:
    """Drop our triggers, which Citus does not support and sql/ creates again, and Citus's own."""
    name = sql.Identifier(schema, table)
    values = {"schema": schema, "table": table}
    for (trigger,) in conn.execute(QUERIES.select_triggers, values).fetchall():
        conn.execute(sql.SQL("drop trigger {} on {}").format(sql.Identifier(trigger), name))


def bring_back(conn: psycopg.Connection) -> None:
    """Copy the rows, make each table an ordinary one in place, and insert the rows again.

    Citus marks a distributed table as dependent on its extension, and has no function that removes
    the mark of a table that stays: dropping the extension would then drop the table.

    Views, functions and grants that refer to the tables stay: undistribute_table would replace the
    tables, and drop what depends on them.
    """
    conn.execute("set local citus.multi_shard_modify_mode = 'sequential'")
    conn.execute("set local allow_system_table_mods = on")
    for table in reversed(TABLES):
        if is_distributed(conn, table):
            say(f"{table}: back")
            _bring_table_back(conn, table)
    conn.execute("set local citus.enable_ddl_propagation = off")  # sql/ is for this server alone


def _bring_table_back(conn: psycopg.Connection, table: str) -> None:
    name = sql.Identifier("muse", table)
    conn.execute(sql.SQL("lock table {} in access exclusive mode").format(name))
    copy = sql.SQL("create temporary table {} on commit drop as select * from {}")
    conn.execute(copy.format(sql.Identifier(f"{table}_copy"), name))
    parts = conn.execute(QUERIES.select_parts, {"table": f"muse.{table}"}).fetchall()
    for oid, schema, relation in parts:
        values = {"oid": oid, "schema": schema, "relation": relation}
        steps = (QUERIES.drop_on_workers, QUERIES.drop_shards, QUERIES.drop_metadata)
        for query in (*steps, QUERIES.forget_extension):
            conn.execute(query, values)
        _drop_triggers(conn, schema, relation)
    insert = sql.SQL("insert into {} select * from {}")
    conn.execute(insert.format(name, sql.Identifier("pg_temp", f"{table}_copy")))
