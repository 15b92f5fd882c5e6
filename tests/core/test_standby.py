"""Queries on a streaming standby succeed while the primary publishes models."""

import os
import subprocess
import threading
from collections.abc import Iterator

import pytest

from loaders.core.server.cluster import Server, throw_away
from tests.factories.rows import publish_songs
from tests.servers.postgres import program

pytestmark = pytest.mark.faults
TRACKS = 300


@pytest.fixture
def standby(server, fresh) -> Iterator[Server]:
    """A streaming standby of the cluster."""
    fresh.execute(
        "insert into muse.tracks (track_id) select 't' || i from generate_series(0, %s) as i",
        (TRACKS,),
    )
    with throw_away(settings="fsync = off\nhot_standby_feedback = on\n") as copy:
        copy.down()
        subprocess.run(["rm", "-rf", copy.data], check=True)
        program(
            "pg_basebackup", "--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf",
            "-D", str(copy.data), host=server,
        )  # fmt: skip
        subprocess.run(["chown", "-R", f"{copy.owner}:", copy.data], check=os.geteuid() == 0)
        copy.up()
        yield copy


def test_no_answer_of_a_standby_is_short_and_none_mixes_two_models(standby, fresh):
    def publish_version(version: int) -> None:
        sign = 1 if version % 2 else -1  # every similarity is +1 or -1, by the model
        publish_songs(fresh, {f"t{i}": ([1], [sign]) for i in range(TRACKS)})

    publish_version(1)
    answers, errors, stop = set(), [], threading.Event()
    counts = [0, 0, 0]

    def poll(number: int) -> None:
        with standby.connect(dbname="fresh", autocommit=True) as conn:
            while not conn.execute("select from muse.deployments").rowcount:
                pass
            while not stop.is_set():
                try:
                    rows = conn.execute(
                        "select round(similarity::numeric, 3) from muse.similar_songs('t0', 50)"
                    ).fetchall()
                except Exception as error:
                    errors.append(repr(error))
                    return
                counts[number] += 1
                answers.add((len(rows), frozenset(rows)))

    pollers = [threading.Thread(target=poll, args=(number,)) for number in range(len(counts))]
    for poller in pollers:
        poller.start()
    for version in range(2, 40):
        publish_version(version)
    stop.set()
    for poller in pollers:
        poller.join()
    assert not errors
    assert min(counts) > 100
    assert all(count == 50 and len(kinds) == 1 for count, kinds in answers), answers
    assert len(answers) == 2
    print(sum(counts), "answers")
