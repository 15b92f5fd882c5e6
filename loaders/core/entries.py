"""Entries that a loader rejects, in a form that is safe to store and to print."""

import re
from typing import NamedTuple

START_LENGTH, REASON_LENGTH = 200, 1000
# What follows the scheme of an address, but of file: the login, the host, and the rest; logins and
# ids of shared files stand in paths too.
SECRETS = re.compile(
    r"(?<!file)(://)(?:[^/?#\s\"'<>]*@)?([^/?#\s\"'<>]*)[^\s\"'<>]*", re.IGNORECASE
)
UNPRINTABLE = re.compile(r"[\0-\x1f\x7f\ud800-\udfff]")


class BadEntry(NamedTuple):
    """An entry that is left out or changed while the rest loads.

    place: its position in the source. start: its first characters. keys: ids, titles or paths in
    it, whose stored rows are not pruned; empty where none can be read.
    """

    place: str
    reason: str
    start: str
    keys: tuple[str, ...] = ()


def bad_entry(place: str, reason: object, entry: object, keys: tuple[str, ...] = ()) -> BadEntry:
    """A BadEntry that is safe to store and to print: of addresses only scheme and host."""
    if isinstance(entry, bytes):
        entry = entry[: 4 * START_LENGTH].decode(errors="replace")
    start = SECRETS.sub(r"\1\2", str(entry)[: 4 * START_LENGTH])[:START_LENGTH]
    shown = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", start)
    return BadEntry(printable(place), printable(str(reason)[:REASON_LENGTH]), shown, keys)


def printable(text: str) -> str:
    """The text with control characters and surrogates escaped: one line, valid in Postgres."""
    return UNPRINTABLE.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
