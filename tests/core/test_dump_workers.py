"""Worker processes that stage chunks of a dump."""

import os
import signal

import pytest

from loaders.core.dumps.chunks import Chunk
from loaders.core.dumps.staging import ChunkCounts
from loaders.core.dumps.workers import staged
from loaders.core.errors import Problem


class Fragile:
    """A stager that kills its process at the chunk `deadly`."""

    def stage(self, chunk):
        if chunk.content == b"deadly":
            os.kill(os.getpid(), signal.SIGKILL)
        return ChunkCounts(entities=chunk.first)


def fragile(conn) -> Fragile:
    return Fragile()


def test_chunks_of_a_dump_come_in_order_and_a_killed_worker_is_a_problem(fresh):
    chunks = [Chunk(b"", "line", number) for number in range(12)]
    assert [counts.entities for counts in staged(chunks, fragile, 2)] == list(range(12))
    chunks[6] = Chunk(b"deadly", "line", 6)
    with pytest.raises(Problem, match=r"a worker process was killed .is there enough memory"):
        list(staged(chunks, fragile, 2))
