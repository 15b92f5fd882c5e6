"""Which rows a load may delete: those whose entries are no longer in the source.

One rule for all topics. A load inserts and updates; only pruning deletes. A source that is cut off,
empty or partly unreadable must never count as one from which entries were removed.
"""

from dataclasses import dataclass

from loaders.core.console import counted
from loaders.core.errors import Problem

MAX_PRUNE = 0.1  # share of the stored rows that one load may delete
SMALL = 20  # stored rows; below that a share says nothing


@dataclass
class Coverage:
    """The counts of one pass over a source.

    usable: entries that were parsed. unreadable: entries whose id or path cannot be read; an entry
    with a readable id that fails to parse is not counted, because its row is kept. incomplete: the
    reason why the pass did not reach the end of the source, else None.
    """

    usable: int = 0
    unreadable: int = 0
    incomplete: str | None = None


def refusal(coverage: Coverage, *, stored: int, gone: int, max_prune: float) -> str | None:
    """The reason why no row may be deleted, as a line for the user; None where they may.

    stored: rows of this source (and filter) before the load. gone: those no longer in the source.
    """
    if coverage.incomplete:
        return f"nothing is pruned: {coverage.incomplete}"
    if not coverage.usable:
        return "nothing is pruned: the source holds no usable entry"
    if coverage.unreadable:
        entries = counted(coverage.unreadable, "entries")
        return (
            f"nothing is pruned: {entries} without a readable id or path (see load_errors), and "
            "their rows could be lost"
        )
    if stored >= SMALL and gone > max_prune * stored and max_prune < 1:
        share = f"{gone:,} of {stored:,} rows ({gone / stored:.0%})"
        return (
            f"nothing is pruned: {share} would go, more than --max-prune {max_prune:g}: check the "
            f"source, or allow it with --max-prune {min(gone / stored + 0.005, 1):.2f}"
        )
    return None


def check_usable(
    location: str,
    coverage: Coverage,
    start: bytes | None = b"",
    *,
    nothing: str = "nothing in it can be used",
    seems: str | None = None,
) -> None:
    """Raise a Problem where no entry of a source is usable; call it before any change.

    start: the first bytes of the source, from which the message guesses its kind; None: the message
    refers to load_errors. seems: the kind in words, where the source is no file. nothing: the
    beginning of the message.
    """
    if not coverage.usable:
        about = "see load_errors" if start is None else kind(start)
        about = f"it seems to be {seems}" if seems else about
        raise Problem(f"{location}: {nothing}, nothing was changed: {about}")


def kind(start: bytes) -> str:
    """The kind of a file, guessed from its first 1,000 bytes, for an error message."""
    text = start[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for name, magics in MAGICS.items():
        if start.startswith(magics):
            return f"it seems to be {name}"
    if not text:
        return "it is empty"
    if not text.translate(None, b"[]{} \t\r\n"):
        return "it is JSON without an entry"
    for name, beginnings in TEXTS.items():
        if text.startswith(beginnings):
            return f"it seems to be {name}"
    return "it seems to be " + ("a binary file" if b"\0" in start[:1000] else "plain text")


MAGICS: dict[str, tuple[bytes, ...]] = {
    "a zip archive": (b"PK\3\4", b"PK\5\6"),
    "a gzip file": (b"\x1f\x8b",),
    "a bzip2 file": (b"BZh",),
    "a Zstandard file": (b"\x28\xb5\x2f\xfd",),
    "an xz file": (b"\xfd7zXZ\0",),
    "a 7z archive": (b"7z\xbc\xaf\x27\x1c",),
    "a JPEG picture": (b"\xff\xd8\xff",),
    "a PNG picture": (b"\x89PNG",),
    "a GIF picture": (b"GIF8",),
    "a PDF document": (b"%PDF",),
    "an SQLite database": (b"SQLite format 3\0",),
    "a Parquet file": (b"PAR1",),
    "a custom-format pg_dump": (b"PGDMP",),
}
TEXTS: dict[str, tuple[bytes, ...]] = {
    "an HTML page": (b"<!doctype html", b"<html"),
    "a MediaWiki XML dump": (b"<mediawiki",),
    "an SVG picture": (b"<svg",),
    "a pointer of Git LFS: run git lfs pull": (b"version https://git-lfs",),
    "XML": (b"<?xml", b"<"),
    "an SQL dump": (b"-- ", b"insert into", b"/*!"),
    "JSON": (b"{", b"["),
}
