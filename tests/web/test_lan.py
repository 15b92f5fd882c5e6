"""`serve --lan`: the question, the QR code, and a machine without a network."""

import io
import socket
import sys

import pytest
import typer

from loaders.core.errors import Problem
from web import serve

pytestmark = pytest.mark.unit
COLUMNS = 40  # of a narrow terminal


class Terminal(io.StringIO):
    """Standard input of somebody who types an answer."""

    def isatty(self) -> bool:
        return True


class Route(socket.socket):
    """A socket whose own address is that of a local network."""

    def connect(self, address):
        pass

    def getsockname(self):
        return "192.168.178.123", 50000


class NoRoute(Route):
    def connect(self, address):
        raise OSError("Network is unreachable")


class Loopback(Route):
    def getsockname(self):
        return "127.0.0.1", 50000


@pytest.fixture
def network(monkeypatch):
    monkeypatch.setattr(serve.socket, "socket", Route)


def answering(monkeypatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(text))


@pytest.mark.usefixtures("network")
def test_no_ends_before_an_address_is_shown(monkeypatch, capsys):
    answering(monkeypatch, "n\n")
    with pytest.raises(typer.Abort):
        serve.ask_for_network(yes=False, port=8765)
    out, err = capsys.readouterr()
    assert serve.QUESTION in out + err
    assert "192.168" not in out + err


@pytest.mark.usefixtures("network")
def test_yes_shows_the_address_and_a_code_for_narrow_terminals(monkeypatch, capsys):
    answering(monkeypatch, "y\n")
    assert serve.ask_for_network(yes=False, port=65535) == "192.168.178.123"
    out, err = capsys.readouterr()
    code = err.partition("[y/N]:")[2]  # a terminal echoes the answer's end of line
    lines = [line for line in code.splitlines() if "█" in line]
    assert len(lines) > 10
    assert max(map(len, lines)) <= COLUMNS
    assert "http://192.168.178.123:65535" in out + err


@pytest.mark.usefixtures("network")
def test_where_nobody_can_answer_yes_is_an_option(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(Problem, match="--yes"):
        serve.ask_for_network(yes=False, port=8765)
    assert serve.ask_for_network(yes=True, port=8765) == "192.168.178.123"


@pytest.mark.parametrize("route", [NoRoute, Loopback])
def test_a_machine_without_a_network_is_one_clear_line(monkeypatch, route):
    monkeypatch.setattr(serve.socket, "socket", route)
    with pytest.raises(Problem, match="no address in a network"):
        serve.ask_for_network(yes=True, port=8765)
