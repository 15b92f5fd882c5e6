"""Compressed files: every format, several members, cut off, damaged, piped, in constant memory."""

import bz2
import gzip
import random
import subprocess
import sys
import zlib

import pytest
from backports import zstd

from loaders.core.errors import Problem
from loaders.core.streams import BadArchive, open_compressed

pytestmark = pytest.mark.unit

DICE = random.Random(0)
TEXT = b"".join(b"%d line %d\n" % (i, DICE.getrandbits(64)) for i in range(90_000))  # 2.3 MB
HALF = len(TEXT) // 2
KINDS = {
    "plain": (bytes, None),
    "gz": (gzip.compress, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16)),
    "bz2": (bz2.compress, bz2.BZ2Decompressor),
    "zst": (zstd.compress, zstd.ZstdDecompressor),
}
PACKED = [kind for kind in KINDS if kind != "plain"]


def everything(location, threads=2, size=100_000):
    """The readable content, and the error after it."""
    stream = open_compressed(str(location), threads=threads)
    got, error = b"", None
    try:
        while piece := stream.read(size):
            assert len(piece) <= size
            got += piece
    except BadArchive as raised:
        error = str(raised)
    position = stream.position
    stream.close()
    return got, error, position


@pytest.fixture
def written(tmp_path):
    """Write bytes to a file whose name does not show the format."""

    def write(content):
        path = tmp_path / "dump.txt"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("threads", [1, 2, 0])
@pytest.mark.parametrize("kind", KINDS)
def test_what_packs_a_file_is_told_by_its_first_bytes(written, kind, threads):
    content = KINDS[kind][0](TEXT)
    got, error, position = everything(written(content), threads)
    assert (got == TEXT, error) == (True, None)
    assert position == len(content)


@pytest.mark.parametrize("kind", PACKED)
def test_members_follow_one_another(written, kind):
    pack = KINDS[kind][0]
    got, error, _ = everything(written(pack(TEXT[:HALF]) + pack(b"") + pack(TEXT[HALF:])))
    assert (got == TEXT, error) == (True, None)


@pytest.mark.parametrize("share", [0.001, 0.3, 0.7, 0.99999])
@pytest.mark.parametrize("kind", PACKED)
def test_a_file_that_is_cut_off_gives_all_that_is_there_and_then_says_so(written, kind, share):
    pack, decompressor = KINDS[kind]
    content = pack(TEXT)
    content = content[: max(int(len(content) * share), 30)]
    there = decompressor().decompress(content)
    got, error, _ = everything(written(content))
    assert got == TEXT[: len(there)]
    assert error
    assert "\n" not in error


@pytest.mark.parametrize("kind", PACKED)
def test_cut_off_in_a_later_member(written, kind):
    pack, decompressor = KINDS[kind]
    second = pack(TEXT[HALF:])[:-1]
    got, error, _ = everything(written(pack(TEXT[:HALF]) + second))
    assert len(got) >= HALF + len(decompressor().decompress(second))
    assert got == TEXT[: len(got)]
    assert error


@pytest.mark.parametrize("kind", PACKED)
def test_what_is_no_archive_after_one_is_said(written, kind):
    content = KINDS[kind][0](TEXT)
    got, error, _ = everything(written(content + b"this is no member"))
    assert got == TEXT
    assert error


@pytest.mark.parametrize("kind", PACKED)
def test_a_broken_file_gives_what_stands_before_the_fault(written, kind):
    content = bytearray(KINDS[kind][0](TEXT))
    middle = len(content) // 2
    content[middle : middle + 20] = b"x" * 20
    got, error, _ = everything(written(bytes(content)))
    assert error
    assert len(got) > HALF // 3
    assert got[: HALF // 3] == TEXT[: HALF // 3]


@pytest.mark.parametrize("kind", KINDS)
def test_standard_input_may_be_a_pipe(kind):
    content = KINDS[kind][0](TEXT)
    program = (
        "from loaders.core.streams import *; import sys\n"
        "stream = open_compressed('-'); total = 0\n"
        "while piece := stream.read(1 << 16): total += len(piece)\n"
        "print(total, stream.position, stream.size); stream.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=content, capture_output=True, timeout=60, check=True
    )
    assert done.stdout.split() == [b"%d" % len(TEXT), b"%d" % len(content), b"None"]
    assert done.stderr == b""


@pytest.mark.parametrize("kind", KINDS)
def test_position_grows_to_the_size(written, kind):
    content = KINDS[kind][0](TEXT)
    stream = open_compressed(str(written(content)))
    assert stream.size == len(content)
    positions = []
    while stream.read(1 << 16):
        positions.append(stream.position)
    stream.close()
    assert positions == sorted(positions)
    assert positions[-1] == len(content)


@pytest.mark.parametrize("kind", PACKED)
def test_a_bomb_takes_no_more_memory_than_a_file(tmp_path, kind):
    path = tmp_path / "bomb"
    pack = {
        "gz": lambda: zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16),
        "bz2": bz2.BZ2Compressor,
        "zst": zstd.ZstdCompressor,
    }[kind]()
    member = b"".join([*(pack.compress(bytes(1 << 20)) for _ in range(100)), pack.flush()])
    path.write_bytes(12 * member)
    program = (
        "from loaders.core.streams import *; import re, sys\n"
        "stream = open_compressed(sys.argv[1]); total = 0\n"
        "while piece := stream.read(1 << 16): total += len(piece)\n"
        "stream.close()\n"
        "peak = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())\n"
        "print(total >> 20, int(peak[1]) >> 10)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, check=True
    )
    read, memory = map(int, done.stdout.split())
    assert read == 1200
    assert memory < (400 if kind == "bz2" else 100)  # its threads hold whole blocks, of 46 MB here


@pytest.mark.parametrize("content", [b"", b"B", b"\x1f", b"BZ", b"hello"])
def test_short_files_are_plain(written, content):
    assert everything(written(content)) == (content, None, len(content))


def test_what_is_not_there_or_is_a_zip_is_a_problem(written, tmp_path):
    with pytest.raises(Problem, match="No such file"):
        open_compressed(str(tmp_path / "missing"))
    with pytest.raises(Problem, match="directory"):
        open_compressed(str(tmp_path))
    with pytest.raises(Problem, match="unzip"):
        open_compressed(str(written(b"PK\3\4rest")))
