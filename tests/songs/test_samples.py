"""The sample playlists of other packages."""

import pytest

from loaders.core.config import HOME
from loaders.songs.samples import billboard, natural_order, setlists

pytestmark = pytest.mark.unit


@pytest.mark.long
def test_samples_have_names_the_right_way_round():
    folder = HOME / "samples"
    if not (folder / "datar").is_dir():
        pytest.skip("the sample packages are not installed: ./pgmuse setup")
    charts = list(billboard(folder))
    assert len(charts) == 97
    artists = {track.artist for chart in charts for track in chart.tracks}
    assert {
        "Whitney Houston",
        "The Backstreet Boys",
        'Missy "Misdemeanor" Elliott',
        "Creed",
    } <= artists
    assert not [artist for artist in artists if "," in artist]
    assert len(list(setlists(folder))) == 92


def test_lists_of_names_stay():
    assert natural_order("Houston, Whitney") == "Whitney Houston"
    assert natural_order("Earth, Wind & Fire") == "Earth, Wind & Fire"
