"""Ctrl-C at any time of a load: it ends at once with one line at most, and the next run finishes."""

import signal

import pytest

from tests.faults.jobs import JOBS, LOADS

pytestmark = pytest.mark.faults


TURNS = dict.fromkeys(LOADS, 5) | {"train songs": 2, "train images": 2}


@pytest.mark.parametrize("name", JOBS)
def test_an_interrupt_ends_a_load_with_one_line(own, make_turns, name):
    turns, outcomes = make_turns(name, seed=3), set()
    for _ in range(TURNS[name]):
        work = turns.turn(lambda work: work.send(signal.SIGINT))
        status = work.process.returncode
        lines = work.complaints()
        assert status in (0, 1, 130, -signal.SIGINT)  # the last one is 130 for a shell
        assert len(lines) <= 1, lines
        assert "another command" not in "".join(lines)  # an error after the interrupt
        outcomes.add((status, *lines))
    print(f"\n{name}: {turns.interrupted} of {TURNS[name]} before their end: {outcomes}")
