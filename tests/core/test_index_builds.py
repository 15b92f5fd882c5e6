"""Builds of vector indexes: one process before pgvector 0.8.2, later as many as the server allows."""

import pytest

from loaders.admin import doctor
from tests.factories.rows import publish_songs


@pytest.fixture
def build(fresh):
    """Build the index of a song model under a version of pgvector; return its log lines."""

    def run(version: str) -> list[str]:
        fresh.execute(
            "update pg_extension set extversion = %s where extname = 'vector'", (version,)
        )
        fresh.execute("update muse.vector_indexes set from_rows = 0")
        model_id = publish_songs(fresh, {"a": ([1], [1]), "b": ([0, 1], [1])})
        fresh.execute(
            "set max_parallel_maintenance_workers = 2; set min_parallel_table_scan_size = 0"
        )
        messages: list[str] = []
        fresh.add_notice_handler(lambda notice: messages.append(notice.message_primary or ""))
        fresh.execute("set client_min_messages = debug1")
        fresh.execute("select muse.rebuild_index('song_vectors', %s)", (model_id,))
        return [line for line in messages if "parallel workers" in line]

    return run


def test_pgvector_before_0_8_2_builds_with_one_process(build):
    assert build("0.8.1") == []


def test_later_versions_build_with_all_processes_that_the_server_allows(build):
    assert build("0.8.2") == ["using 2 parallel workers"]


@pytest.mark.parametrize(
    ("version", "state", "remedy"),
    [
        ("0.8.0", "indexes are built by 1 process", "from 0.8.4 on indexes are built by 4 and"),
        ("0.8.2", "indexes are built by 4 processes", "from 0.8.4 on vacuum cleans indexes:"),
        ("0.8.4", "indexes are built by 4 processes", ""),
        ("0.10.0", "indexes are built by 4 processes", ""),
    ],
)
def test_doctor_says_what_an_upgrade_brings(fresh, version, state, remedy):
    fresh.execute("update pg_extension set extversion = %s where extname = 'vector'", (version,))
    fresh.execute("set max_parallel_maintenance_workers = 3")
    check = doctor.vector(fresh)
    assert state in check.state
    assert check.remedy.startswith(remedy)
    assert bool(check.remedy) == bool(remedy)
