"""Neighbours by counts: what is estimated, and what is left out."""

import numpy as np
import pytest

from loaders.songs import neighbors
from loaders.songs.neighbors import Membership, Neighbors

pytestmark = pytest.mark.unit


def rows_of(members: Membership, item: str) -> dict[str, tuple[int, float]]:
    number = np.array([members.number[item]], dtype=np.int32)
    (row,) = members.rows(Neighbors(), number)
    values = zip(row.neighbors, row.playlists, row.similarities, strict=True)
    return {members.items[other]: (int(both), float(alike)) for other, both, alike in values}


def test_neighbours_of_an_item_in_many_playlists_are_estimated_from_some(monkeypatch):
    random = np.random.default_rng(0)
    shares = {"half": 0.5, "quarter": 0.25, "tenth": 0.1}
    playlists = [
        ["hit", f"own{n}", *(name for name, share in shares.items() if random.random() < share)]
        for n in range(3000)
    ]
    monkeypatch.setattr(neighbors, "MOST_PLAYLISTS", 3000)
    members = Membership(playlists)
    exact = rows_of(members, "hit")
    monkeypatch.setattr(neighbors, "MOST_PLAYLISTS", 400)
    sampled = rows_of(Membership(playlists), "hit")
    assert list(sampled)[:3] == ["half", "quarter", "tenth"]
    for name, share in shares.items():
        assert exact[name][0] == pytest.approx(3000 * share, rel=0.1)
        assert sampled[name] == pytest.approx(exact[name], rel=0.25)
        assert sampled[name] != exact[name]


def test_counted_playlists_stand_for_all(monkeypatch):
    monkeypatch.setattr(neighbors, "MOST_PLAYLISTS", 7)
    members = Membership([["a", "b"] for _ in range(100)] + [["c", "d"] for _ in range(7)])
    assert rows_of(members, "a")["b"][0] == 100
    assert rows_of(members, "c")["d"][0] == 7


def test_a_track_of_one_playlist_has_twenty_neighbours():
    members = Membership([[f"t{n}" for n in range(50)], [f"t{n}" for n in range(1, 50)]])
    assert len(rows_of(members, "t0")) == 20
    assert len(rows_of(members, "t1")) == 40
