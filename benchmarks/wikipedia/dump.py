"""Generates dumps from copies of the sample: titles, ids and texts differ."""

import bz2
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loaders.wikipedia.load import sample_path

APART = 10_000_000  # difference between the ids of two copies of a page
STREAM = 100  # pages in a bzip2 stream, as Wikipedia packs them
PAGE = re.compile(rb"  <page>.*?</page>\n", re.DOTALL)
TITLE = re.compile(rb"(<title>|<redirect title=\")([^<\"]*)")
ID = re.compile(rb"(</ns>\s*<id>|<revision>\s*<id>)(\d+)")
TEXT_END = b"</text>"


def sample() -> bytes:
    """The XML of the sample."""
    return bz2.decompress(sample_path().read_bytes())


def write(plain: Path, packed: Path, copies: int) -> tuple[int, float]:
    """Write copies of the pages as XML and as multistream. Return pages, and MB of XML."""
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
        copy = [_varied(page, number) for page in pages]
        yield [b"".join(copy[at : at + STREAM]) for at in range(0, len(copy), STREAM)]
    yield [b"</mediawiki>\n"]


def _varied(page: bytes, number: int) -> bytes:
    more = b" %d" % number
    page = TITLE.sub(lambda match: match[0] + more, page)
    page = ID.sub(lambda match: match[1] + b"%d" % (int(match[2]) + number * APART), page)
    return page.replace(TEXT_END, b"\n[[Category:Copies" + more + b"]]" + TEXT_END)
