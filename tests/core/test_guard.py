"""Downloads reach only allowed hosts at public addresses, redirects included."""

import socket

import pytest

from loaders.core.http import guard
from loaders.images.fetch.download import PermanentFailure, download
from tests.servers import faults

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "fc00::1",
     "0.0.0.0", "::ffff:127.0.0.1", "100.64.0.1", "224.0.0.1", "2002:7f00:1::",
     "::127.0.0.1", "64:ff9b::10.0.0.1", "fec0::1"],
)  # fmt: skip
def test_no_private_address_is_connected_to(monkeypatch, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    answer = [(family, socket.SOCK_STREAM, 6, "", (address, 80))]
    connected = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: answer)
    monkeypatch.setattr(socket.socket, "connect", lambda self, to: connected.append(to))
    client = guard.GuardedClient("a@b.c", {"pictures.example.org"}, timeout=1)
    with pytest.raises(PermanentFailure, match="is not a public address"):
        download(client, "http://pictures.example.org/a.png")
    assert not connected


def test_what_was_checked_is_what_is_connected_to(monkeypatch):
    """A name that resolves to another address at each look-up."""
    answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])
    connected = []

    def resolve(host, port, *arguments, **more):
        address = host if host[0].isdigit() else next(answers)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(self, to):
        connected.append(to)
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    client = guard.GuardedClient("a@b.c", {"pictures.example.org"}, timeout=1)
    with pytest.raises(Exception, match="does not answer"):
        download(client, "http://pictures.example.org/a.png")
    assert connected == [("93.184.216.34", 80)]


def test_a_redirect_to_this_machine_by_another_name(host):
    """The host is allowed, but its address is not public."""
    there = f"localhost:{host.server_port}"
    client = guard.GuardedClient("a@b.c", {there})
    with pytest.raises(PermanentFailure, match="is not a public address"):
        download(client, f"http://{there}/a.png")
    assert not host.requests


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("http://169.254.169.254/latest", "is not among the allowed hosts"),
        ("http://localhost:{port}/b.png", "is not a public address"),
        ("http://2130706433:{port}/b.png", "is not among the allowed hosts"),
    ],
)
def test_a_redirect_to_a_private_address(host, monkeypatch, target, says):
    """Download from an allowed host whose address is patched to look public."""
    really = guard.public_address
    monkeypatch.setattr(
        guard, "public_address",
        lambda name, port: "127.0.0.1" if name == "pictures.example.org" else really(name, port),
    )  # fmt: skip
    port = host.server_port
    host.faults["a.png"] = [faults.redirect(target.format(port=port))]
    allowed = {f"pictures.example.org:{port}", f"localhost:{port}"}
    with pytest.raises(PermanentFailure, match=says):
        download(guard.GuardedClient("a@b.c", allowed), f"http://pictures.example.org:{port}/a.png")
    assert host.requests == ["/a.png"]
