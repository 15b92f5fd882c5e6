"""Author and licence of files of a Debian package, from its machine-readable debian/copyright.

https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

FIELD = re.compile(r"([A-Za-z][A-Za-z-]*):(.*)")
YEARS = re.compile(r"^(?:(?:\(c\)|©|\d{4})[\s,-]*)+(?:by\s+)?", re.IGNORECASE)
ADDRESS = re.compile(r"<[^<>]*>")  # e-mail addresses are removed: licences require names only
PAGE = re.compile(r"https?://\S+")


class Rights(NamedTuple):
    """Author and licence of the files that match one of the patterns, paths without extension."""

    patterns: tuple[str, ...]
    author: str | None
    licence: str | None
    page_url: str | None


def read_rights(path: Path) -> list[Rights]:
    """The paragraphs of a debian/copyright file; of those that match, the last one applies."""
    return [
        Rights(
            tuple(PurePosixPath(p).with_suffix("").as_posix() for p in fields["Files"].split()),
            _author(fields.get("Copyright", "")),
            fields.get("License", "").partition("\n")[0].strip() or None,
            _page(fields.get("Comment", "")),
        )
        for fields in _paragraphs(path.read_text(encoding="utf-8", errors="replace"))
        if fields.get("Files")
    ]


def find_rights(paragraphs: list[Rights], path: str) -> Rights | None:
    """The rights of a file. Extensions are ignored: packages convert pictures to other formats."""
    name = PurePosixPath(path).with_suffix("").as_posix()
    for one in reversed(paragraphs):
        if any(fnmatchcase(name, pattern) for pattern in one.patterns):
            return one
    return None


def _author(copyright: str) -> str | None:
    first, *others = copyright.strip().splitlines() or [""]
    name = ADDRESS.sub("", YEARS.sub("", first)).removesuffix(" and others").strip()
    return f"{name} and others" if name and others else name or None


def _page(comment: str) -> str | None:
    match = PAGE.search(comment)
    return match[0] if match else None


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    for paragraph in re.split(r"\n[ \t]*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in paragraph.splitlines():
            if match := FIELD.match(line):
                name = match[1].capitalize() if match[1].islower() else match[1]
                fields[name] = match[2].strip()
            elif name and line.startswith((" ", "\t")):
                fields[name] += "\n" + line.strip()
        yield fields
