"""Whether training takes all versions of a song for one, decided on held-out playlists.

A remaster and a file beside Spotify have ids of their own, and each has only a part of the song's
playlists. Together they know more, unless the key of works joins what listeners keep apart.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import psycopg

from loaders.songs.corpus import QUERIES, Corpus
from loaders.songs.neighbors import Membership, Neighbors
from loaders.songs.ranking import CANDIDATES, measure_ranks
from loaders.songs.tuning import Numbers, Scores

Parts = Sequence[tuple[list[str], list[str]]]


def join(conn: psycopg.Connection) -> list[str]:
    """Replace the versions of each song in the training playlists, if that helps; return a note."""
    conn.execute(QUERIES.create_versions)
    rows = conn.execute("select track_id, item from pg_temp.version_of").fetchall()
    work_of: dict[str, str] = dict(rows)
    held_out = conn.execute(QUERIES.held_out_parts).fetchall()
    if not work_of or not joining_helps(Corpus(conn), held_out, work_of):
        conn.execute("truncate pg_temp.version_of")
        return []
    conn.execute(QUERIES.replace_by_works)
    return [f"{len(work_of):,} tracks are versions of other tracks, and are trained as one song"]


def versions(conn: psycopg.Connection) -> dict[str, list[str]]:
    """All tracks of each item of the training playlists that stands for several."""
    return dict(conn.execute(QUERIES.select_versions).fetchall())


def joining_helps(playlists: Corpus, held_out: Parts, work_of: Mapping[str, str]) -> bool:
    """Whether neighbours of works predict hidden works better than those of tracks do.

    playlists: the visible parts. work_of: the work of each track that has other versions.
    """
    if not held_out:
        return False

    def joined(tracks: list[str]) -> list[str]:
        return [work_of.get(track, track) for track in tracks]

    apart = Membership(playlists)
    together = Membership(map(joined, playlists))
    playlists.check()
    works = np.array([together.number[work_of.get(item, item)] for item in apart.items])
    hidden = [_numbers(together, joined(end)) for _, end in held_out]
    shown = [_numbers(together, joined(visible)) for visible, _ in held_out]
    of_tracks = _scores(apart, [visible for visible, _ in held_out], works, shown, hidden)
    itself = np.arange(len(together.items))
    of_works = _scores(together, [joined(one) for one, _ in held_out], itself, shown, hidden)
    return bool((of_works - of_tracks).mean(axis=0)[1:3] @ (1, 0.5) > 0)


def _numbers(members: Membership, items: list[str]) -> Numbers:
    """Distinct items by number; -1 for those that are in no visible part."""
    return np.array([members.number.get(item, -1) for item in dict.fromkeys(items)])


def _scores(
    members: Membership,
    playlists: Sequence[list[str]],
    works: Numbers,
    shown: Sequence[Numbers],
    hidden: Sequence[Numbers],
) -> Scores:
    """Scores of item-kNN by playlist. A work has the score of its best item."""
    seeds = [_numbers(members, items) for items in playlists]
    rows = {
        row.item: row
        for row in members.rows(Neighbors(), np.unique(np.concatenate(seeds)).astype(np.int32))
    }
    scores = []
    for items, visible, goal in zip(seeds, shown, hidden, strict=True):
        sums = np.zeros(len(works), dtype=np.float32)
        for age, item in enumerate(reversed(items), 2):
            sums[rows[item].neighbors] += rows[item].similarities / np.sqrt(age)
        best = np.zeros(works.max() + 1, dtype=np.float32)
        np.maximum.at(best, works, sums)
        best[visible] = 0
        own = np.where(goal >= 0, best[goal], 0)
        ranks = np.where(own > 0, (best[:, None] > own).sum(axis=0), CANDIDATES)
        scores.append(measure_ranks(ranks[None])[0])
    return np.array(scores)
