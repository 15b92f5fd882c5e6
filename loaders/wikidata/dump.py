"""Cuts a JSON dump into chunks of complete entities, one per line, in one pass.

Wikidata's dumps are an array with one entity per line. Lines without brackets and commas are read
the same way. Indented arrays, arrays on one line and responses of the web service take longer. Only
the closing bracket of an array confirms that a dump is complete.
"""

import codecs
import json
import re
from collections.abc import Generator, Iterator

import msgspec

from loaders.core.dumps.chunks import (
    CHUNK,
    LONGEST,
    Chunk,
    PeekableStream,
    Readable,
    UnconfirmedEnd,
)
from loaders.core.entries import BadEntry
from loaders.core.streams import BadArchive
from loaders.wikidata import responses
from loaders.wikidata.readable_ids import readable_ids

SPACE = b" \t\r\n\xef\xbb\xbf"
FRAMING = SPACE + b",[]"
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
_NEXT = re.compile(r'[\n,\[]\s*(?=\{\s*"(?:type|id|pageid)")')

UNCONFIRMED_END = UnconfirmedEnd(
    "nothing in the source says that it is complete, as the ] of a dump does"
)


def chunks(stream: Readable, size: int = CHUNK) -> Iterator[Chunk | BadEntry | UnconfirmedEnd]:
    """Cut a stream into chunks of about `size` bytes.

    Errors: BadArchive if an array has no end, and errors of the stream, both after the last chunk
    that could be read.
    """
    head = PeekableStream(stream)
    first = first_line(head)
    is_array = head.peeked.lstrip(SPACE).startswith(b"[")
    if is_line_by_line(first) and not responses.is_response(first.strip(FRAMING)):
        closed = yield from _of_lines(head, size)
    else:
        closed = yield from _of_objects(head, size)
    if not is_array:
        yield UNCONFIRMED_END
    elif not closed:
        raise BadArchive("the dump is cut off: it has no ] at its end")


def first_line(head: PeekableStream) -> bytes:
    """The first line with an entity, or as much as there is of it."""
    for length in (1 << 20, LONGEST):
        for line in head.peek(length).split(b"\n")[:-1]:
            if line.strip(FRAMING):
                return line
    return head.peeked


def is_line_by_line(line: bytes) -> bool:
    """Whether an entity ends on its line. Invalid JSON counts as one bad line among good ones."""
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


ChunkGenerator = Generator[Chunk | BadEntry, None, bool]  # returns whether the array is closed


def _of_lines(head: PeekableStream, size: int) -> ChunkGenerator:
    rest, number, last = b"", 1, b""
    while piece := head.read(size):
        end = piece.rfind(b"\n") + 1
        if end:
            content = rest + piece[:end]
            yield Chunk(content, "line", number)
            number += content.count(b"\n")
            last = _last_line(content) or last
            rest = piece[end:]
            continue
        rest += piece
        if len(rest) > LONGEST:
            reason = f"longer than {LONGEST >> 20} MB"
            yield BadEntry(f"line {number}", reason, _start(rest), readable_ids(rest))
            rest, last = _after_line(head, size), b""
            number += 1
    if rest.strip():
        yield Chunk(rest, "line", number)
    return _closes(_last_line(rest) or last)


def _last_line(content: bytes) -> bytes:
    """The last line that is not blank."""
    content = content.rstrip(SPACE)
    return content[content.rfind(b"\n") + 1 :]


def _closes(line: bytes) -> bool:
    """Whether a line ends with the array's bracket; one that is cut off may end with its own."""
    if not line.endswith(b"]"):
        return False
    before = line[:-1].strip(FRAMING)
    try:
        msgspec.json.decode(before or b"{}", type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True


def _after_line(head: PeekableStream, size: int) -> bytes:
    """Skip the rest of a line. Return the bytes after it in the same piece."""
    while piece := head.read(size):
        _, separator, after = piece.partition(b"\n")
        if separator:
            return after
    return b""


def _of_objects(head: PeekableStream, size: int) -> ChunkGenerator:
    lines: list[bytes] = []
    length, number = 0, 0
    objects = _Objects(head, size)
    entities = objects.entities()
    while True:
        error = None
        try:
            entity = next(entities, None)
        except Exception as raised:
            entity, error = None, raised
        if entity is not None:
            number += 1
            if isinstance(entity, BadEntry):
                yield entity._replace(place=f"entity {number}")
                entity = b""  # an empty line keeps the numbers right
            # A line break in JSON is white space; within a string it is escaped.
            lines.append(re.sub(rb"[\r\n]+", b" ", entity))
            length += len(entity)
        if length >= size or entity is None:
            yield Chunk(b"\n".join(lines), "entity", number - len(lines) + 1)
            lines, length = [], 0
        if error is not None:
            raise error
        if entity is None:
            return objects.closed


class _Objects:
    """The JSON objects of an array or a sequence, with any line breaks.

    closed: whether a closing bracket follows the last one.
    """

    def __init__(self, head: PeekableStream, size: int) -> None:
        self.head, self.size = head, size
        self.closed = False

    def entities(self) -> Iterator[bytes | BadEntry]:
        """Yield the objects; of a response of the web service its entities."""
        for entity in self._all():
            if isinstance(entity, bytes) and responses.is_response(entity):
                yield from responses.entities(entity)
            else:
                yield entity

    def _all(self) -> Iterator[bytes | BadEntry]:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
        scan = json.JSONDecoder().raw_decode
        text, at, more = "", 0, True
        while True:
            at = self._between(text, at)
            try:
                _, end = scan(text, at)
            except (json.JSONDecodeError, RecursionError) as error:
                if more and len(text) - at < LONGEST and _may_continue(text, error):
                    # Doubles the text each time.
                    piece = self.head.read(max(self.size, len(text) - at))
                    more = bool(piece)
                    text, at = text[at:] + decoder.decode(piece, final=not more), 0
                    continue
                if at == len(text):
                    return
                following = _NEXT.search(text, at + 1)
                end = following.end() if following else len(text)
                entity: bytes | BadEntry = _not_json(text[at:end], error)
            else:
                entity = text[at:end].encode(errors="surrogateescape")
            self.closed = False
            yield entity
            at = end

    def _between(self, text: str, start: int) -> int:
        end = _BETWEEN.match(text, start).end()  # type: ignore[union-attr]
        self.closed = self.closed or "]" in text[start:end]
        return end


def _not_json(text: str, error: Exception) -> BadEntry:
    content = text.encode(errors="surrogateescape")
    return BadEntry("", f"not JSON: {error}"[:200], text[:200], readable_ids(content))


def _may_continue(text: str, error: Exception) -> bool:
    """Whether the error may come from a text that ends too early."""
    if isinstance(error, RecursionError):
        return False
    assert isinstance(error, json.JSONDecodeError)
    return error.pos > len(text) - 20 or error.msg.startswith("Unterminated string")


def _start(content: bytes) -> str:
    return content[:200].decode(errors="replace")
