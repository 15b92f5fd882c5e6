"""`./pgmuse serve`: the pages on this machine, or for the local network."""

import re
import socket
import sys
from contextlib import suppress

import psycopg
import segno
import typer
import uvicorn

from loaders.core import db
from loaders.core.console import note, say
from loaders.core.errors import Problem
from web.app import create_app
from web.connections import SECONDS, Connection
from web.security import host_name
from web.settings import Settings

QUESTION = "Everybody in your network may then search and draw here. Serve them?"


def serve(host: str, port: int, names: tuple[str, ...], connections: int) -> None:
    """Serve the pages until Ctrl-C. Errors: Problem."""
    for name in names:
        check_name(name)
    settings = Settings(
        host, port, tuple(map(host_name, names)), connections, can_draw=check_database()
    )
    listener = listen(host, port)
    config = uvicorn.Config(
        create_app(settings),
        log_level="error",  # a browser's broken request is no news
        http=Connection,
        ws="none",
        timeout_keep_alive=int(SECONDS),
        server_header=False,
        h11_max_incomplete_event_size=32 << 10,
        timeout_graceful_shutdown=5,
    )
    say(f"open {address(host, listener.getsockname()[1])} (Ctrl-C ends)")
    with listener, suppress(KeyboardInterrupt):
        uvicorn.Server(config).run([listener])


def check_name(name: str) -> None:
    """Check a host name, as it stands in an address. Errors: Problem."""
    if not re.fullmatch(r"\*|[\w.:\[\]-]+|\*\.[\w.:-]+", name) or not host_name(name):
        raise Problem(f"--name {name}: this is no host name, such as pgmuse.example.org")


def check_database() -> bool:
    """Check that the database can be read; whether this login may draw too. Errors: Problem."""
    with db.connect_to_muse(autocommit=True) as conn:
        try:
            conn.execute("set role muse_reader")
        except psycopg.errors.InsufficientPrivilege as error:
            raise Problem(
                f"{conn.info.user} may not read: grant muse_reader to {conn.info.user}"
            ) from error
        conn.execute("reset role")
        row = conn.execute(
            "select pg_catalog.pg_has_role('muse_loader', 'member')"
            " and not pg_catalog.pg_is_in_recovery()"
        ).fetchone()
    can_draw = row == (True,)
    if not can_draw:
        note("this login may not draw: ./pgmuse samples --requested draws what visitors request")
    return can_draw


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Errors: Problem."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY where the protocol is named; else each answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except socket.gaierror as error:
        listener.close()
        raise Problem(f"cannot listen on {host}: this machine has no such address") from error
    except OSError as error:
        listener.close()
        raise Problem(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --port"
        ) from error
    return listener


def address(host: str, port: int) -> str:
    """The address to open in a browser."""
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host  # noqa: S104
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def ask_for_network(yes: bool, port: int) -> str:
    """Ask once, print the address and a QR code; returns the address. Errors: Problem."""
    host = network_address()
    if not yes:
        if not sys.stdin.isatty():
            raise Problem("serve --lan asks first: add --yes where nobody can answer")
        typer.confirm(QUESTION, abort=True, err=True)
    url = address(host, port)
    segno.make(url, error="l", micro=False).terminal(out=sys.stderr, compact=True)
    say(f"on a phone in the same network: {url}")
    return host


def network_address() -> str:
    """This machine's address in the local network. Errors: Problem."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only chooses a route
            own = str(probe.getsockname()[0])
        except OSError:
            own = "127."
    if own.startswith("127."):
        raise Problem("this machine has no address in a network: connect it, or use --host")
    return own
