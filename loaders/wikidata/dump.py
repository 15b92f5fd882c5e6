"""A dump's bytes cut into chunks of whole entities, one a line; each byte is looked at once.

The real dumps are an array with one entity a line. Lines without the array's brackets and commas
are read the same way; an array that is indented, or all on one line, more slowly.
"""

import codecs
import json
import re
from collections.abc import Iterator

import msgspec

from loaders.dumps.chunks import CHUNK, LONGEST, Chunk, Readable, Unreadable

FRAMING = b" \t\r\n,[]\xef\xbb\xbf"
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
_NEXT = re.compile(r'[\n,\[]\s*(?=\{\s*"(?:type|id|pageid)")')


def chunks(stream: Readable, size: int = CHUNK) -> Iterator[Chunk | Unreadable]:
    """Cut a stream; what raises in reading it comes after all that could be read."""
    head = Head(stream)
    if is_line_by_line(head.first_line()):
        yield from _of_lines(head, size)
    else:
        yield from _of_objects(head, size)


class Head:
    """A stream that one can look into first."""

    def __init__(self, stream: Readable) -> None:
        self.stream = stream
        self.seen = b""
        self.error: Exception | None = None

    def first_line(self) -> bytes:
        """The first line with an entity, or what there is of it; all of it will be read again."""
        for length in (1 << 20, LONGEST):
            self._look(length)
            for line in self.seen.split(b"\n")[:-1]:
                if line.strip(FRAMING):
                    return line
        return self.seen

    def read(self, size: int) -> bytes:
        """At least a byte until the end."""
        if self.seen:
            piece, self.seen = self.seen[:size], self.seen[size:]
            return piece
        if self.error is not None:
            raise self.error
        return self.stream.read(size)

    def _look(self, length: int) -> None:
        try:
            while len(self.seen) < length and (piece := self.stream.read(1 << 20)):
                self.seen += piece
        except Exception as error:  # of a cut-off archive: what came before it is good
            self.error = error


def is_line_by_line(line: bytes) -> bool:
    """Whether the entity of a line ends on it. A line that is nothing is a bad line among good."""
    line = line.strip(FRAMING)
    if not line.startswith(b"{"):
        return True
    if not line.endswith(b"}"):
        return False
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        return "trailing characters" not in str(error)
    return True


def _of_lines(head: Head, size: int) -> Iterator[Chunk | Unreadable]:
    rest, number = b"", 1
    while piece := head.read(size):
        end = piece.rfind(b"\n") + 1
        if end:
            content = rest + piece[:end]
            yield Chunk(content, "line", number)
            number += content.count(b"\n")
            rest = piece[end:]
            continue
        rest += piece
        if len(rest) > LONGEST:
            yield Unreadable(f"line {number}", f"longer than {LONGEST >> 20} MB", _start(rest))
            rest = _after_line(head, size)
            number += 1
    if rest.strip():
        yield Chunk(rest, "line", number)


def _after_line(head: Head, size: int) -> bytes:
    """Pass over the rest of a line; what follows it in the same piece."""
    while piece := head.read(size):
        _, found, after = piece.partition(b"\n")
        if found:
            return after
    return b""


def _of_objects(head: Head, size: int) -> Iterator[Chunk | Unreadable]:
    lines: list[bytes] = []
    waiting, number = 0, 0
    objects = _objects(head, size)
    while True:
        error = None
        try:
            made = next(objects, None)
        except Exception as raised:
            made, error = None, raised
        if made is not None:
            number += 1
            if isinstance(made, Unreadable):
                yield made._replace(place=f"entity {number}")
                made = b""  # keeps the count
            # Within JSON a line break is white space: in a text it is written as \n.
            lines.append(re.sub(rb"[\r\n]+", b" ", made))
            waiting += len(made)
        if waiting >= size or made is None:
            yield Chunk(b"\n".join(lines), "entity", number - len(lines) + 1)
            lines, waiting = [], 0
        if error is not None:
            raise error
        if made is None:
            return


def _objects(head: Head, size: int) -> Iterator[bytes | Unreadable]:
    """The objects of an array or of a stream, wherever they begin and end."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    scan = json.JSONDecoder().raw_decode
    text, at, more = "", 0, True
    while True:
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
        try:
            _, end = scan(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            if more and len(text) - at < LONGEST and _may_go_on(text, error):
                piece = head.read(max(size, len(text) - at))  # twice as much each time
                more = bool(piece)
                text, at = text[at:] + decoder.decode(piece, final=not more), 0
                continue
            if at == len(text):
                return
            following = _NEXT.search(text, at + 1)
            end = following.end() if following else len(text)
            yield Unreadable("", f"not JSON: {error}"[:200], text[at : at + 200])
        else:
            yield text[at:end].encode(errors="surrogateescape")
        at = end


def _may_go_on(text: str, error: Exception) -> bool:
    """Whether what is wrong with the text may be that it ends too early."""
    if isinstance(error, RecursionError):
        return False
    assert isinstance(error, json.JSONDecodeError)
    return error.pos > len(text) - 20 or error.msg.startswith("Unterminated string")


def _start(content: bytes) -> str:
    return content[:200].decode(errors="replace")
