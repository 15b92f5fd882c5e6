"""A dump's XML cut into chunks of whole pages, by their tags alone.

MediaWiki escapes every < of a text, so `<page>` and `</page>` stand for nothing else. What is not
between them is never parsed: a document type, with its entities, reaches no parser.
Format: https://www.mediawiki.org/wiki/Help:Export
"""

import re
from collections.abc import Iterator

from loaders.core.dumps.chunks import CHUNK, LONGEST, Chunk, OpenEnd, Readable
from loaders.core.entries import BadEntry
from loaders.core.streams import BadArchive
from loaders.wikipedia.names import titles_in

BEGIN, END = b"<page>", b"</page>"
ROOT, ROOT_END = b"<mediawiki", b"</mediawiki>"
TAIL = 64  # bytes in which the end of the document is looked for
# What may stand between pages: a document's end, and another's beginning.
FRAMING = re.compile(rb"\s*(?:</mediawiki>|<\?xml|<mediawiki|<!DOCTYPE|\xef\xbb\xbf|$)")


OPEN_END = OpenEnd("nothing in the source says that it is complete, as </mediawiki> does")


def chunks(stream: Readable, size: int = CHUNK) -> Iterator[Chunk | BadEntry | OpenEnd]:
    """Cut a stream; what raises in reading it comes after all that could be read.

    Raises BadArchive where the document ends too early.
    """
    rest, number, open_root = b"", 1, False
    searched = 0  # of rest
    pieces = _pieces(stream, size)
    for piece in pieces:
        open_root = open_root or (number == 1 and ROOT in rest + piece)
        rest += piece
        end = rest.rfind(END, searched)
        if end >= 0:
            content, rest = rest[: end + len(END)], rest[end + len(END) :]
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
        searched = max(len(rest) - len(END), 0)  # the tag may go on in the next piece
    _check_end(rest, number, open_root)
    if not open_root:
        yield OPEN_END


def pages(chunk: Chunk) -> Iterator[tuple[int, bytes | BadEntry]]:
    """The XML of each page with its number, and what is none."""
    content = chunk.content
    starts = [found.start() for found in re.finditer(BEGIN, content)]
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


def _pieces(stream: Readable, size: int) -> Iterator[bytes]:
    """`size` bytes each, so that a load that goes on cuts the same; the last is empty."""
    waiting: list[bytes] = []
    length = 0
    while True:
        try:
            piece = stream.read(size - length)
        except Exception:
            if waiting:
                yield b"".join(waiting)
            raise
        waiting.append(piece)
        length += len(piece)
        if not piece or length == size:
            yield b"".join(waiting)
            waiting, length = [], 0
        if not piece:
            yield b""
            return


def _after_page(pieces: Iterator[bytes]) -> bytes:
    """Pass over the rest of a page; what follows it in the same piece."""
    tail = b""
    for piece in pieces:
        tail += piece
        if found := re.search(b"%s|(?=%s)" % (END, BEGIN), tail):
            return tail[found.end() :]
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
