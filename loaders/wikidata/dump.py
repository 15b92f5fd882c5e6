"""A dump's bytes cut into chunks of whole entities, one a line; each byte is looked at once.

The real dumps are an array with one entity a line. Lines without the array's brackets and commas
are read the same way; an array that is indented, or all on one line, more slowly; so are answers
of the web service. An array is complete with its closing bracket; nothing else says where it ends.
"""

import codecs
import json
import re
from collections.abc import Generator, Iterator

import msgspec

from loaders.core.dumps.chunks import CHUNK, LONGEST, Chunk, OpenEnd, Readable
from loaders.core.entries import BadEntry
from loaders.core.streams import BadArchive
from loaders.wikidata import answers
from loaders.wikidata.failed import readable_ids

SPACE = b" \t\r\n\xef\xbb\xbf"
FRAMING = SPACE + b",[]"
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
_NEXT = re.compile(r'[\n,\[]\s*(?=\{\s*"(?:type|id|pageid)")')


OPEN_END = OpenEnd("nothing in the source says that it is complete, as the ] of a dump does")


def chunks(stream: Readable, size: int = CHUNK) -> Iterator[Chunk | BadEntry | OpenEnd]:
    """Cut a stream; what raises in reading it comes after all that could be read.

    Raises BadArchive where an array has no end.
    """
    head = Head(stream)
    first = head.first_line()
    is_array = head.seen.lstrip(SPACE).startswith(b"[")
    if is_line_by_line(first) and not answers.is_answer(first.strip(FRAMING)):
        closed = yield from _of_lines(head, size)
    else:
        closed = yield from _of_objects(head, size)
    if not is_array:
        yield OPEN_END
    elif not closed:
        raise BadArchive("the dump is cut off: it has no ] at its end")


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


Cut = Generator[Chunk | BadEntry, None, bool]  # returns whether the array is closed


def _of_lines(head: Head, size: int) -> Cut:
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
    """Whether a line ends with the dump's bracket; one that was cut off may end with its own."""
    if not line.endswith(b"]"):
        return False
    before = line[:-1].strip(FRAMING)
    try:
        msgspec.json.decode(before or b"{}", type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True


def _after_line(head: Head, size: int) -> bytes:
    """Pass over the rest of a line; what follows it in the same piece."""
    while piece := head.read(size):
        _, found, after = piece.partition(b"\n")
        if found:
            return after
    return b""


def _of_objects(head: Head, size: int) -> Cut:
    lines: list[bytes] = []
    waiting, number = 0, 0
    objects = _Objects(head, size)
    entities = objects.entities()
    while True:
        error = None
        try:
            made = next(entities, None)
        except Exception as raised:
            made, error = None, raised
        if made is not None:
            number += 1
            if isinstance(made, BadEntry):
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
            return objects.closed


class _Objects:
    """The objects of an array or of a stream, wherever they begin and end.

    closed: whether a closing bracket came after the last of them.
    """

    def __init__(self, head: Head, size: int) -> None:
        self.head, self.size = head, size
        self.closed = False

    def entities(self) -> Iterator[bytes | BadEntry]:
        """Those of answers of the web service one by one."""
        for entity in self._all():
            if isinstance(entity, bytes) and answers.is_answer(entity):
                yield from answers.entities(entity)
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
                if more and len(text) - at < LONGEST and _may_go_on(text, error):
                    piece = self.head.read(
                        max(self.size, len(text) - at)
                    )  # twice as much each time
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


def _may_go_on(text: str, error: Exception) -> bool:
    """Whether what is wrong with the text may be that it ends too early."""
    if isinstance(error, RecursionError):
        return False
    assert isinstance(error, json.JSONDecodeError)
    return error.pos > len(text) - 20 or error.msg.startswith("Unterminated string")


def _start(content: bytes) -> str:
    return content[:200].decode(errors="replace")
