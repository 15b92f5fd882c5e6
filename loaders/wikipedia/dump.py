"""Cuts the XML of a dump into chunks of complete pages, by searching for tags.

MediaWiki escapes every < in a text, so `<page>` and `</page>` are always tags. Only the XML between
them is parsed: a document type with entity definitions never reaches the parser.
Format: https://www.mediawiki.org/wiki/Help:Export
"""

import re
from collections.abc import Iterator

from loaders.core.dumps.chunks import CHUNK, LONGEST, Chunk, Readable, UnconfirmedEnd
from loaders.core.entries import BadEntry
from loaders.core.streams import BadArchive
from loaders.wikipedia.names import titles_in

BEGIN, END = b"<page>", b"</page>"
ROOT, ROOT_END = b"<mediawiki", b"</mediawiki>"
TAIL = 64  # bytes that are searched for the end of the document
HEAD = 1 << 20  # bytes in which the head of a document ends
DBNAME = b"<dbname>"
# Text that may come between pages: the end of a document, and the beginning of another one.
FRAMING = re.compile(rb"\s*(?:</mediawiki>|<\?xml|<mediawiki|<!DOCTYPE|\xef\xbb\xbf|$)")

UNCONFIRMED_END = UnconfirmedEnd(
    "nothing in the source says that it is complete, as </mediawiki> does"
)


def chunks(stream: Readable, size: int = CHUNK) -> Iterator[Chunk | BadEntry | UnconfirmedEnd]:
    """Cut a stream into chunks of about `size` bytes.

    Errors: BadArchive if the document ends too early or another wiki follows it, and errors of the
    stream, all after the last chunk that could be read.
    """
    rest, number, open_root, wiki = b"", 1, False, None
    searched = 0  # bytes of rest
    pieces = _pieces(stream, size)
    for piece in pieces:
        open_root = open_root or (number == 1 and ROOT in rest + piece)
        rest += piece
        end = rest.rfind(END, searched)
        if end >= 0:
            content, rest = rest[: end + len(END)], rest[end + len(END) :]
            for name, position in _dbnames(content):
                wiki = wiki or name
                if name != wiki:
                    end = content.rfind(END, 0, position)
                    content = content[: end + len(END)] if end >= 0 else b""
                    if content:
                        yield Chunk(content, "page", number)
                    number += content.count(BEGIN)
                    raise BadArchive(f"after page {number - 1} another wiki begins")
            yield Chunk(content, "page", number)
            number += content.count(BEGIN)
        elif BEGIN not in rest:
            if number > 1 and not FRAMING.match(rest):
                yield _unreadable(number, "after the last page stands what is no page", rest)
            rest = rest[-TAIL:]
        elif len(rest) > LONGEST:
            start = rest[rest.find(BEGIN) :]
            yield _unreadable(number, f"longer than {LONGEST >> 20} MB", start)
            number += 1
            rest, searched = _after_page(pieces), 0
            continue
        searched = max(len(rest) - len(END), 0)  # the next piece may complete a tag
    _check_end(rest, number, open_root)
    if not open_root:
        yield UNCONFIRMED_END


def pages(chunk: Chunk) -> Iterator[tuple[int, bytes | BadEntry]]:
    """The number and XML of each page; a BadEntry for other text."""
    content = chunk.content
    starts = [match.start() for match in re.finditer(BEGIN, content)]
    before = content[: starts[0]] if starts else content
    if END in before or (chunk.first > 1 and not FRAMING.match(before)):
        yield chunk.first, _unreadable(chunk.first, "no page begins here", before)
    for number, (start, following) in enumerate(
        zip(starts, [*starts[1:], len(content)], strict=True), start=chunk.first
    ):
        end = content.find(END, start, following)
        if end < 0:
            reason = "it does not end before the next one begins"
            yield number, _unreadable(number, reason, content[start:following])
            continue
        yield number, content[start : end + len(END)]
        after = content[end + len(END) : following]
        if not FRAMING.match(after):
            yield number, _unreadable(number, "after it stands what is no page", after)


def _dbnames(content: bytes) -> Iterator[tuple[bytes, int]]:
    """The names of wikis in heads, with their positions. A regular expression takes ten times as
    long.
    """
    at = content.find(DBNAME)
    while at >= 0:
        start = at + len(DBNAME)
        yield content[start : start + 100].partition(b"<")[0], at
        at = content.find(DBNAME, start)


def _pieces(stream: Readable, size: int) -> Iterator[bytes]:
    """Pieces of exactly `size` bytes, so that a resumed load cuts the same; the last is empty."""
    parts: list[bytes] = []
    length = 0
    while True:
        try:
            piece = stream.read(size - length)
        except Exception:
            if parts:
                yield b"".join(parts)
            raise
        parts.append(piece)
        length += len(piece)
        if not piece or length == size:
            yield b"".join(parts)
            parts, length = [], 0
        if not piece:
            yield b""
            return


def _after_page(pieces: Iterator[bytes]) -> bytes:
    """Skip the rest of a page. Return the bytes after it in the same piece."""
    tail = b""
    for piece in pieces:
        tail += piece
        if match := re.search(b"%s|(?=%s)" % (END, BEGIN), tail):
            return tail[match.end() :]
        tail = tail[-len(END) :]
    return b""


def _check_end(rest: bytes, number: int, open_root: bool) -> None:
    if BEGIN in rest:
        raise BadArchive(f"the dump is cut off in page {number}")
    if open_root and ROOT_END not in rest:
        raise BadArchive(f"the dump is cut off after page {number - 1}")


def _unreadable(number: int, reason: str, start: bytes) -> BadEntry:
    shown = start[:200].decode(errors="replace")
    return BadEntry(f"page {number}", reason, shown, titles_in(start))
