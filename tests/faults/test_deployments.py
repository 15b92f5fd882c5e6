"""Models are switched while readers query and a load writes."""

import pytest

from loaders.core.db import connect_to_load
from tests.factories.polling import add_tracks, publish_version, readers
from tests.faults.running import start

pytestmark = pytest.mark.faults

SWITCHES = 10


def test_readers_see_one_model_or_the_other_during_a_load(own, make_turns):
    turns = make_turns("playlists")
    with connect_to_load(autocommit=True) as conn:
        add_tracks(conn)
        publish_version(conn, 0)
        with readers(lambda: own.connect(dbname="fresh", autocommit=True), 4) as answers:
            for version in range(1, SWITCHES + 1):
                turns.next_version()
                work = start(turns.job.arguments, turns.job.folder / "errors")
                publish_version(conn, version)
                assert work.wait() == 0, work.lines()
    answers.check()
    assert answers.queries > 50 * SWITCHES
    turns.finish()
    print(f"\n{answers.queries:,} queries of 4 readers during {SWITCHES} switches")
