"""A dump of any size, made of the installed piece of a real one: titles, ids and texts differ."""

import bz2
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loaders.wikipedia.load import sample_path

APART = 10_000_000  # what the ids of two copies of a page differ by
STREAM = 100  # pages in a bzip2 stream, as Wikipedia packs them
PAGE = re.compile(rb"  <page>.*?</page>\n", re.DOTALL)
TITLE = re.compile(rb"(<title>|<redirect title=\")([^<\"]*)")
ID = re.compile(rb"(</ns>\s*<id>|<revision>\s*<id>)(\d+)")
TEXT_END = b"</text>"


def sample() -> bytes:
    """The piece as it is, as XML."""
    return bz2.decompress(sample_path().read_bytes())


def write(plain: Path, packed: Path, copies: int) -> tuple[int, float]:
    """Write so many copies of its pages, as XML and as multistream; pages, and MB of XML."""
    text = sample()
    first = PAGE.search(text)
    assert first is not None
    pages = PAGE.findall(text)
    with plain.open("wb") as out, packed.open("wb") as archive, ThreadPoolExecutor(2) as pool:
        for copy in _in_turn(pages, copies, text[: first.start()]):
            out.write(b"".join(copy))
            for stream in pool.map(bz2.compress, copy):
                archive.write(stream)
    return len(pages) * copies, plain.stat().st_size / 1e6


def _in_turn(pages: list[bytes], copies: int, head: bytes) -> Iterator[list[bytes]]:
    """The head, the streams of each copy, and the end."""
    yield [head]
    for number in range(copies):
        made = [_varied(page, number) for page in pages]
        yield [b"".join(made[at : at + STREAM]) for at in range(0, len(made), STREAM)]
    yield [b"</mediawiki>\n"]


def _varied(page: bytes, number: int) -> bytes:
    more = b" %d" % number
    page = TITLE.sub(lambda found: found[0] + more, page)
    page = ID.sub(lambda found: found[1] + b"%d" % (int(found[2]) + number * APART), page)
    return page.replace(TEXT_END, b"\n[[Category:Copies" + more + b"]]" + TEXT_END)
