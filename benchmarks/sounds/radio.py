"""song_radio on the lists of a game's scenarios: tracks that no list has, and others.

Cold: a track is taken out of all lists, the songs are trained without it, and each of its lists'
other tracks are seeds. Warm: each list loses one track, which others still have. The AUC is the
share of the tracks that are not on the list which stand behind the hidden one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

import numpy as np
import psycopg

from benchmarks.core.report import Row
from benchmarks.sounds import wesnoth
from loaders.songs.formats.model import playlist
from loaders.songs.formats.model import track as named_track
from loaders.songs.load import load_entries
from loaders.songs.train import PlaylistFilter
from loaders.songs.train import train as train_songs
from loaders.songs.word2vec import Word2VecSettings
from loaders.sounds.train import train as train_sounds
from udfs.sound_patches import Array

DRAWS = 399
WARM_ROUNDS = 3
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
RADIO = """
    select track_id from song_radio(%s, n => 1000, per_artist => 1000, sound => %s)
"""


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """AUC of cold and of warm tracks by the share of sound; cold also by the cosine, with p."""
    wesnoth.download()
    ids = wesnoth.load(conn)
    train_sounds(conn)
    lists = [[ids[name] for name in tracks if name in ids] for _, tracks in wesnoth.lists()]
    lists = [tracks for tracks in lists if tracks]
    tracks = sorted({track for one in lists for track in one})
    member = np.array([[float(track in one) for track in tracks] for one in lists])
    yield Row("lists", len(lists), "lists")
    yield Row("tracks on them", len(tracks), "tracks")
    yield from _by_cosine(conn, tracks, member)
    usable = [one for one in lists if len(one) > 1]
    for kind, cases in (("cold", _cold(conn, usable)), ("warm", _warm(conn, usable, quick))):
        measured = defaultdict(list)
        for share, track, auc in cases:
            measured[share, track].append(auc)
        for share in SHARES:
            means = [
                float(np.mean(all_of)) for (one, _), all_of in measured.items() if one == share
            ]
            yield Row(f"AUC of {kind} tracks, sound {share:g}", float(np.mean(means)), "", "chance",
                      0.5)  # fmt: skip


def _by_cosine(conn: psycopg.Connection, tracks: list[str], member: Array) -> Iterator[Row]:
    """Each track against the sum of its lists' others, and beside sounds of other tracks."""
    stored: dict[str, Any] = dict(
        conn.execute(
            "select track_id, embedding from muse.sound_vectors "
            "where model_id = muse.live_model('sounds')"
        ).fetchall()
    )
    vectors = np.array([stored[track].to_numpy() for track in tracks])
    likeness, random = vectors @ vectors.T, np.random.default_rng(0)
    scores = cold_by_cosine(likeness, member)
    measured = float(np.nanmean(scores))
    by_chance = []
    for _ in range(DRAWS):
        order = random.permutation(len(tracks))
        by_chance.append(np.nanmean(cold_by_cosine(likeness[np.ix_(order, order)], member)))
    p = (1 + sum(one >= measured for one in by_chance)) / (DRAWS + 1)
    yield Row("AUC of cold tracks by the cosine alone", measured, "", "at least", 0.57)
    yield Row("p of it, by sounds of other tracks", float(p), "", "at most", 0.01)


def cold_by_cosine(likeness: Array, member: Array) -> Array:
    """The mean AUC over its lists of each track; NaN where none has another track."""
    scores = []
    for track in range(len(likeness)):
        aucs = []
        for row in np.flatnonzero(member[:, track] * (member.sum(axis=1) > 1)):
            seeds = member[row].copy()
            seeds[track] = 0
            near = likeness @ seeds
            own, others = near[track], near[member[row] == 0]
            aucs.append((own > others).mean() + (own == others).mean() / 2)
        scores.append(np.mean(aucs) if aucs else np.nan)
    return np.array(scores)


def _cold(conn: psycopg.Connection, lists: list[list[str]]) -> Iterator[tuple[float, str, float]]:
    everything = sorted({track for one in lists for track in one})
    for hidden in everything:
        _train(conn, [[track for track in one if track != hidden] for one in lists])
        for one in lists:
            if hidden in one:
                yield from _ask(conn, one, hidden, everything)


def _warm(
    conn: psycopg.Connection, lists: list[list[str]], quick: bool
) -> Iterator[tuple[float, str, float]]:
    everything = sorted({track for one in lists for track in one})
    random = np.random.default_rng(0)
    for _ in range(1 if quick else WARM_ROUNDS):
        hidden = [one[random.integers(len(one))] for one in lists]
        pairs = list(zip(lists, hidden, strict=True))
        _train(conn, [[track for track in one if track != gone] for one, gone in pairs])
        for one, gone in pairs:
            yield from _ask(conn, one, gone, everything)


def _train(conn: psycopg.Connection, lists: Sequence[Sequence[str]]) -> None:
    """Make these lists the only playlists, and train on them."""
    conn.execute("delete from muse.playlists")
    conn.execute("update muse.tracks set places = 0 where places > 0")
    entries = [
        playlist(f"wesnoth#{number}", str(number), [named_track(own_id=track) for track in one])
        for number, one in enumerate(lists)
        if one
    ]
    load_entries(conn, "wesnoth", entries)
    with redirect_stderr(StringIO()):
        train_songs(conn, Word2VecSettings(), PlaylistFilter(artist_share=1, held_out=0))


def _ask(
    conn: psycopg.Connection, tracks: list[str], hidden: str, everything: list[str]
) -> Iterator[tuple[float, str, float]]:
    """Share of sound, hidden track and its AUC. A track that is not ranked ties with such ones."""
    seeds = [track for track in tracks if track != hidden]
    others = [track for track in everything if track not in tracks]
    for share in SHARES:
        ranked = [row[0] for row in conn.execute(RADIO, (seeds, share))]
        place = {track: number for number, track in enumerate(ranked)}
        last = len(ranked)
        own = place.get(hidden, last)
        rest = np.array([place.get(one, last) for one in others])
        yield share, hidden, float(np.mean(own < rest) + np.mean(own == rest) / 2)
