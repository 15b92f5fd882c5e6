"""Who made a file of a Debian package, by its machine-readable debian/copyright.

https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

FIELD = re.compile(r"([A-Za-z][A-Za-z-]*):(.*)")
YEARS = re.compile(r"^(?:(?:\(c\)|©|\d{4})[\s,-]*)+(?:by\s+)?", re.IGNORECASE)
ADDRESS = re.compile(r"<[^<>]*>")  # of e-mail: the licence asks for names
PAGE = re.compile(r"https?://\S+")


class Rights(NamedTuple):
    """What is said of some files; patterns are paths without their ending."""

    patterns: tuple[str, ...]
    author: str | None
    licence: str | None
    page_url: str | None


def rights(path: Path) -> list[Rights]:
    """All that the file says of files, the last that fits holds."""
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


def of(known: list[Rights], path: str) -> Rights | None:
    """What holds for a file; packages turn pictures into other formats, so endings do not count."""
    name = PurePosixPath(path).with_suffix("").as_posix()
    for one in reversed(known):
        if any(fnmatchcase(name, pattern) for pattern in one.patterns):
            return one
    return None


def _author(copyright: str) -> str | None:
    first, *others = copyright.strip().splitlines() or [""]
    name = ADDRESS.sub("", YEARS.sub("", first)).removesuffix(" and others").strip()
    return f"{name} and others" if name and others else name or None


def _page(comment: str) -> str | None:
    found = PAGE.search(comment)
    return found[0] if found else None


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    for paragraph in re.split(r"\n[ \t]*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in paragraph.splitlines():
            if found := FIELD.match(line):
                name = found[1].capitalize() if found[1].islower() else found[1]
                fields[name] = found[2].strip()
            elif name and line.startswith((" ", "\t")):
                fields[name] += "\n" + line.strip()
        yield fields
