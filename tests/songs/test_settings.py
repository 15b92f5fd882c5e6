"""Settings for a number of tracks, and metrics computed by hand."""

import pytest

from loaders.songs.ranking import measure
from loaders.songs.word2vec import Word2VecSettings, for_size

pytestmark = pytest.mark.unit


def test_few_tracks_are_thinned_less():
    samples = [for_size(Word2VecSettings(), tracks).sample for tracks in (0, 125, 12_500, 10**6)]
    assert samples == pytest.approx([1.25, 0.01, 1e-4, 1e-4])
    assert for_size(Word2VecSettings(sample=0), 9).sample == 0


def test_measures_by_hand():
    second = [0, pytest.approx(0.6309, abs=1e-4), 1, 0, 1]
    assert measure(["x", "h", "y"], {"h"}) == second
    assert measure(["x"] * 12 + ["h"], {"h", "g"})[3] == 1.0
    assert measure(["h", "g", "x"], {"h", "g", "f"})[4] == 2
    assert measure(["x"], {"h"}) == [0, 0, 0, 51, 0]
