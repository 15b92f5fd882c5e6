"""Alternating least squares on playlists (Hu et al. 2008), for the neighbours of few items."""

from typing import Any

import numpy as np

from loaders.songs.word2vec import Matrix

FACTORS = 64
CONFIDENCE = 10  # of a place: the weight of an item in a playlist is 1 + this, of others 1
ROUNDS = 8
BATCH = 100_000  # places solved at once


def fit(matrix: Any, penalty: float) -> tuple[Matrix, Matrix]:
    """Two matrices (items, 64): row i of the first times the second is what i alone predicts.

    matrix: sparse, (playlists, items), of ones.
    """
    random = np.random.default_rng(0)
    playlists, items = (
        random.normal(0, 0.01, (size, FACTORS)).astype(np.float32) for size in matrix.shape
    )
    by_item = matrix.T.tocsr()
    for _ in range(ROUNDS):
        _solve(matrix, items, playlists, penalty)
        _solve(by_item, playlists, items, penalty)
    base = items.T @ items + penalty * np.eye(FACTORS, dtype=np.float32)
    alone: Matrix = np.linalg.solve(base, items.T).T
    return alone, items


def _solve(matrix: Any, fixed: Matrix, free: Matrix, penalty: float) -> None:
    """The best rows of `free` for the rows of `matrix`, in place. Rows of like length together.

    A row of few places has fewer equations than factors: one for each place (Woodbury's identity).
    """
    base = fixed.T @ fixed + penalty * np.eye(FACTORS, dtype=np.float32)
    padded = np.append(fixed, np.zeros((1, FACTORS), dtype=np.float32), axis=0)
    solved = np.linalg.solve(base.astype(float), padded.T).T.astype(np.float32)
    lengths = np.diff(matrix.indptr)
    order = np.argsort(lengths, kind="stable")
    low = 0
    while low < len(order):
        # Padded to the longest, which is the last.
        high = low + 1
        while high < len(order) and (high + 1 - low) * lengths[order[high]] <= BATCH:
            high += 1
        rows = order[low:high]
        longest = max(int(lengths[rows[-1]]), 1)
        place = matrix.indptr[rows][:, None] + np.arange(longest)
        is_there = np.arange(longest) < lengths[rows][:, None]
        places = np.full((len(rows), longest), len(fixed))
        places[is_there] = matrix.indices[place[is_there]]
        vectors = padded[places]  # (rows, longest, 64)
        if longest < FACTORS // 2:
            ways = solved[places]
            gram = np.eye(longest, dtype=np.float32) + CONFIDENCE * (
                vectors @ ways.transpose(0, 2, 1)
            )
            weights = np.linalg.solve(gram, np.ones((len(rows), longest, 1), dtype=np.float32))
            free[rows] = (1 + CONFIDENCE) * (weights * ways).sum(axis=1)
        else:
            weighted = base + CONFIDENCE * vectors.transpose(0, 2, 1) @ vectors
            goal = (1 + CONFIDENCE) * vectors.sum(axis=1)
            free[rows] = np.linalg.solve(weighted, goal[:, :, None])[:, :, 0]
        low = high
