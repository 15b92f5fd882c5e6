"""Kill -9 of loaders, trainers and the server at any time: what is stored stays, and loads resume."""

import pytest

from tests.faults.jobs import JOBS
from tests.faults.running import kill_server, stop_server

pytestmark = pytest.mark.faults

KILLS = dict.fromkeys(JOBS, 7) | {"playlists": 8}  # 50 in all
STOPS = {"kill": kill_server, "immediate": stop_server}


@pytest.mark.parametrize("name", JOBS)
def test_loads_and_trainings_survive_their_own_death(own, make_turns, name):
    turns = make_turns(name)
    for _ in range(KILLS[name]):
        turns.turn(lambda work: work.process.kill())
    assert turns.interrupted > 0
    print(f"\n{name}: {turns.interrupted} of {KILLS[name]} killed before their end")


@pytest.mark.parametrize("how", STOPS)
@pytest.mark.parametrize("name", JOBS)
def test_loads_and_trainings_survive_the_end_of_the_server(own, make_turns, name, how):
    turns = make_turns(name, seed=f"2 {how}")
    turns.next_version()
    turns.finish()
    work = turns.turn(lambda work: STOPS[how](own), earliest=0.4)
    assert work.process.returncode in (0, 1)
    assert len(work.complaints()) <= 1, work.complaints()
    print(f"\n{name}, {how}: {work.complaints()}")
