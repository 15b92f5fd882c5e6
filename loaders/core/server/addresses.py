"""TCP addresses of the embedded server, and the certificate for those outside this machine."""

import ipaddress
import re
import shutil
import socket
from pathlib import Path

from loaders.core.errors import Problem

DEFAULT_PORT = "5432"
ALL = ("", "*", "0.0.0.0", "::")  # noqa: S104  (only if the user gives it)
CERTIFICATE, KEY = "server.crt", "server.key"  # in the data folder, where Postgres looks


def parse_address(text: str) -> tuple[str, str]:
    """Host and port of `HOST[:PORT]` or `[IPv6][:PORT]`; the default port is 5432."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]+))(?::(\d{1,5}))?", text.strip())
    if not match:
        raise Problem(f"{text!r} is no address to listen on: give HOST or HOST:PORT")
    return match[1] or match[2], match[3] or DEFAULT_PORT


def check_address(host: str, port: str) -> None:
    """Check that this machine has the address, before a server is stopped for it.

    Errors: Problem.
    """
    try:
        if not 1 <= int(port) <= 65535:
            raise OverflowError
        for family, kind, address, more in _resolved(host):
            with socket.socket(family, kind) as probe:
                probe.bind((address, 0, *more))
    except (OSError, OverflowError, UnicodeError):
        raise Problem(f"{host}:{port} is no address of this machine to listen on") from None


def is_loopback(host: str) -> bool:
    """Whether the address is reachable from this machine only."""
    return host not in ALL and all(
        ipaddress.ip_address(address.partition("%")[0]).is_loopback
        for _, _, address, _ in _resolved(host)
    )


def needs_tls(host: str) -> bool:
    """Whether other machines may reach a server on this address; "" is none."""
    return bool(host) and not is_loopback(host)


def settings(host: str, port: str) -> list[str]:
    """The settings of an address, for the server's command line."""
    tls = "on" if needs_tls(host) else "off"
    return [f"listen_addresses={host}", f"port={port}", f"ssl={tls}"]


def certificate_command(data: Path, key: Path, certificate: Path) -> list[str] | None:
    """The command that creates a self-signed certificate; None where the data folder has one.

    Errors: Problem where openssl is missing, or only one of the two files exists.
    """
    files = [data / CERTIFICATE, data / KEY]
    if all(path.exists() for path in files):
        return None
    if any(path.exists() for path in files):
        raise Problem(f"{files[0]} and {files[1]} go together, and one is missing")
    program = shutil.which("openssl")
    if program is None:
        raise Problem(
            "a server that others reach needs TLS, and openssl is not installed to make a "
            f"certificate: apt-get install openssl, or put your own into {data} as "
            f"{CERTIFICATE} and {KEY}"
        )
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    name = ("-subj", f"/CN={socket.gethostname()[:64] or 'pgmuse'}", "-days", "3650")
    return [program, "req", "-x509", *kind, *name, "-keyout", str(key), "-out", str(certificate)]


def _resolved(host: str) -> list[tuple[socket.AddressFamily, socket.SocketKind, str, list[int]]]:
    """The addresses of a host; empty for `*` and the other names of all interfaces."""
    if host in ALL:
        return []
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [
        (family, kind, str(address), [int(number) for number in more])
        for family, kind, _, _, (address, _, *more) in answers
    ]
