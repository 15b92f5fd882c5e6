"""Addresses of the embedded server, and its memory settings."""

import pytest

from loaders.core.errors import Problem
from loaders.core.server import addresses
from loaders.core.server.addresses import parse_address
from loaders.core.server.memory import machine_settings

pytestmark = pytest.mark.unit


def test_memory_settings_fit_the_machine():
    small, large = machine_settings(2048, 64, 1), machine_settings(256 * 1024, 64 * 1024, 64)
    assert small["shared_buffers"] == 256
    assert small["shared_memory"] == "mmap"  # a container's /dev/shm is too small for a build
    assert (large["shared_buffers"], large["shared_memory"]) == (4096, "posix")
    assert (small["index_workers"], large["index_workers"]) == (0, 8)
    assert machine_settings(4096, 64, 4)["index_workers"] == 3


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", ("127.0.0.1", "5432")),
        ("localhost:5433", ("localhost", "5433")),
        ("[::1]:5433", ("::1", "5433")),
        ("*", ("*", "5432")),
    ],
)
def test_addresses(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", ":5432", "host:port", "a:1:2", "::1"])
def test_no_addresses(text):
    with pytest.raises(Problem, match="no address to listen on"):
        parse_address(text)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.0.0.2", True), ("::1", True), ("localhost", True),
     ("*", False), ("0.0.0.0", False), ("::", False), ("192.0.2.1", False)],
)  # fmt: skip
def test_loopback(host, loopback):
    assert addresses.is_loopback(host) == loopback
