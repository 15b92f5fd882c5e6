"""Alternating least squares: short and long playlists solve the same equations."""

import numpy as np
import pytest
import scipy.sparse as sp

from loaders.songs import factors

pytestmark = pytest.mark.unit


def test_playlists_of_every_length_solve_the_normal_equations(monkeypatch):
    monkeypatch.setattr(factors, "BATCH", 200)  # few rows at once, so that lengths differ little
    random = np.random.default_rng(0)
    lengths = [0, 1, 1, 2, 5, 20, 31, 32, 33, 64, 90]
    table = np.zeros((len(lengths), 100))
    for row, length in enumerate(lengths):
        table[row, random.permutation(100)[:length]] = 1
    alone, items = factors.fit(sp.csr_matrix(table), 30.0)
    expected = least_squares(table, 30.0)
    np.testing.assert_allclose(alone @ items.T, expected, atol=1e-5)


def least_squares(table, penalty):
    """What each item alone predicts of the others, in double precision and one row at a time."""
    random = np.random.default_rng(0)
    rows, items = (random.normal(0, 0.01, (size, factors.FACTORS)) for size in table.shape)
    ridge = penalty * np.eye(factors.FACTORS)
    for _ in range(factors.ROUNDS):
        for marked, fixed, free in ((table, items, rows), (table.T, rows, items)):
            for number, row in enumerate(marked):
                weights = 1 + factors.CONFIDENCE * row
                equations = fixed.T @ (weights[:, None] * fixed) + ridge
                free[number] = np.linalg.solve(equations, fixed.T @ (weights * row))
    return np.linalg.solve(items.T @ items + ridge, items.T).T @ items.T
