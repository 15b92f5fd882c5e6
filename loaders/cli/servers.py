"""Commands for several servers: replicas, and a cluster."""

from pathlib import Path
from typing import Annotated

import typer

from loaders.core.console import say
from loaders.core.server import cluster as server
from loaders.core.topics import Commands


def commands() -> Commands:
    """The commands by name."""
    return Commands(root={"replica": replica, "distribute": distribute})


def replica(
    of: Annotated[
        str | None,
        typer.Option(
            metavar="HOST[:PORT]", help="The server to copy, or a connection string of libpq."
        ),
    ] = None,
    user: Annotated[
        str, typer.Option(help="Its login: ./pgmuse login NAME --replica, there.")
    ] = "replica",
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", help="A file with the password in its first line."),
    ] = None,
    slot: Annotated[
        str | None, typer.Option(help="Name on the server; default: pgmuse_ and this machine's.")
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Make this replica a server that can be written.")
    ] = False,
) -> None:
    """Make the embedded server a read-only copy of another server, which follows it.

    ./pgmuse replica --of db.example.org --password-file password
    """
    from loaders.admin.logins import read_password
    from loaders.core.server import replica as replicas

    embedded = server.embedded()
    if promote == (of is not None):
        raise typer.BadParameter("give --of HOST, or --promote")
    if of is None:
        replicas.promote(embedded)
        say("the embedded server is no replica any more, and can be written")
        return
    password = read_password(password_file) if password_file else None
    replicas.make_replica(embedded, of, user, password, slot)
    say("the embedded server is a replica, and follows its primary: ./pgmuse psql")


def distribute(
    worker: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST[:PORT]", help="A node; repeatable."),
    ] = None,
    shards: Annotated[int, typer.Option(min=1, max=4096, help="Parts of each table.")] = 32,
    coordinator: Annotated[
        str | None,
        typer.Option(
            metavar="HOST[:PORT]",
            help="Address of this server for the workers; default: that of this connection.",
        ),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Bring all tables back to this server.")
    ] = False,
) -> None:
    """Move large tables to the nodes of a Citus cluster, with this server as its coordinator.

    ./pgmuse distribute --worker db2.example.org --worker db3.example.org
    """
    from loaders.admin import distribute as cluster

    if undo == bool(worker):
        raise typer.BadParameter("give --worker HOST[:PORT] for each node, or --undo")
    if undo:
        cluster.undo()
    else:
        cluster.distribute(worker or [], shards=shards, coordinator=coordinator)
