"""Connections that are idle, slow or too many, at a real port."""

import socket
import time
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.servers import postgres
from tests.web.conftest import serving

HEAD = b"POST /images/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"


@pytest.fixture(scope="module")
def served(bare, server):
    """The pages of an empty database, with small limits."""
    postgres.use(server, "bare_pages")
    with serving(upload=100_000, arrival=0.3, connections=1) as one:
        yield one
    postgres.use(server)


def connect(address: str, text: bytes = b"") -> socket.socket:
    one = socket.create_connection(("127.0.0.1", urlsplit(address).port), timeout=20)
    one.sendall(text)
    return one


def read(one: socket.socket) -> bytes:
    """All that the server sends until it closes."""
    parts = []
    while part := one.recv(65536):
        parts.append(part)
    return b"".join(parts)


def test_idle_connections_end_and_refuse_nobody(served, monkeypatch):
    monkeypatch.setattr("web.connections.SECONDS", 0.5)
    idle = [connect(served, b"GET /ap" * (i % 2)) for i in range(100)]
    assert urlopen(f"{served}/api").status == 200
    assert [one.recv(1) for one in idle] == [b""] * 100


def test_a_reader_that_stops_is_cut_off(served, monkeypatch):
    monkeypatch.setattr("web.connections.SECONDS", 0.5)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.connect(("127.0.0.1", urlsplit(served).port))
    request = b"GET /static/htmx.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    slow.settimeout(20)
    slow.sendall(request * 500)
    with pytest.raises(ConnectionError):
        while True:
            slow.sendall(request)
            time.sleep(0.1)


def test_more_connections_than_the_limit_are_closed(served, monkeypatch):
    monkeypatch.setattr("web.connections.MOST", 3)
    many = [connect(served) for _ in range(10)]
    assert many[-1].recv(1) == b""
    for one in many:
        one.close()


def test_a_body_that_takes_too_long_is_408(served):
    one = connect(served, HEAD + b"Content-Length: 1000\r\n\r\n--b")
    answer = read(one)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'{"detail":"a request has 0.0954 MB at most, and 0 s to arrive"}' in answer


def test_who_sends_too_much_reads_why(served):
    """A connection that closes while its visitor sends loses the answer."""
    one = connect(served, HEAD + b"Content-Length: 3000000\r\n\r\n")
    one.sendall(b"x" * 3_000_000)
    answer = read(one)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"MB at most" in answer


def test_a_websocket_is_no_fault(served):
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    one = connect(served, b"GET /static/x HTTP/1.1\r\nHost: localhost\r\n" + upgrade)
    assert one.recv(12) == b"HTTP/1.1 404"
    one.close()
