"""`train sounds`: centred vectors of all versions of a song, their quality, and the gate."""

import numpy as np
import pytest

from loaders.admin.forget import forget_source
from loaders.core.errors import Problem
from loaders.core.models import prune_models
from loaders.sounds import refresh
from loaders.sounds.forget import forget_sound
from loaders.sounds.quality import measure
from loaders.sounds.train import describe, train
from tests.factories.rows import add_model, add_track
from tests.factories.sounds import add_sound

VECTORS = "select track_id, embedding from sound_vectors where model_id = %s order by 1"


def add_tagger(conn) -> int:
    return add_model(conn, "tagger", b"xxxxTFL3" + bytes(20), tags=[f"tag {i}" for i in range(50)])


@pytest.fixture
def library(fresh):
    """Four songs, two of which are near to one another; one has two versions and two sounds."""
    tagger = add_tagger(fresh)
    sounds = {"a": [4, 0, 2], "b": [4, 1, 2], "c": [0, 4, 2], "d": [0, 0, 2]}
    for track_id, values in sounds.items():
        add_sound(fresh, tagger, add_track(fresh, track_id, artist="Ann"), values)
    for track_id in ("d on Spotify", "d live on Spotify"):
        add_track(fresh, track_id, name="D", artist="Ann", places=9)
    add_sound(fresh, tagger, "d", [0, 2, 2])
    return fresh


def vectors(conn, model_id: int) -> dict[str, np.ndarray]:
    return {key: vector.to_numpy() for key, vector in conn.execute(VECTORS, (model_id,))}


def test_vectors_are_centred_means_of_unit_length(library):
    model = train(library)
    stored = vectors(library, model.model_id)
    embeddings = {"a": [4, 0, 2], "b": [4, 1, 2], "c": [0, 4, 2], "d": [0, 1, 2]}
    centre = np.mean(list(embeddings.values()), axis=0)
    for track_id, values in embeddings.items():
        apart = np.array(values) - centre
        assert stored[track_id][:3] == pytest.approx(apart / np.linalg.norm(apart), abs=1e-5)
    assert model.songs == 4


def test_all_versions_of_a_song_have_its_vector(library):
    stored = vectors(library, train(library).model_id)
    assert set(stored) == {"a", "b", "c", "d", "d on Spotify", "d live on Spotify"}
    assert (stored["d"] == stored["d on Spotify"]).all()


def test_without_sounds_the_error_says_what_to_run(fresh):
    with pytest.raises(Problem, match="run ./pgmuse train tagger"):
        train(fresh)
    tagger = add_tagger(fresh)
    with pytest.raises(Problem, match="there are no sounds: run ./pgmuse load audio"):
        train(fresh)
    add_sound(fresh, tagger, add_track(fresh, "a"), [1])
    with pytest.raises(Problem, match="one song cannot be compared"):
        train(fresh)


def test_new_sounds_are_missing_until_the_next_training(library):
    assert refresh.outdated(library) is None  # nothing is live
    train(library)
    assert refresh.outdated(library) is None
    (tagger,) = library.execute("select live_model('tagger')").fetchone()
    add_sound(library, tagger, add_track(library, "e"), [0, 0, 9])
    assert refresh.outdated(library) == "1 sound without a vector: training again"
    status = "select status, value from health where check_name = 'vectors'"
    assert library.execute(status).fetchone() == ("bad", "1 rows without a vector")
    refresh.retrain(library)
    assert refresh.outdated(library) is None
    assert library.execute(status).fetchone() == ("ok", "0 rows without a vector")


def test_a_version_that_a_playlist_brings_is_missing_too(library):
    train(library)
    add_track(library, "a again", name="A", artist="Ann")
    assert refresh.outdated(library) is not None


def test_what_is_forgotten_leaves_the_vectors(library):
    model_id = train(library).model_id
    files = "select sound_id from sound_sources where track_id = %s order by 1"
    (first,), (second,) = library.execute(files, ("d",)).fetchall()
    forget_sound(library, first)
    assert "d on Spotify" in vectors(library, model_id)  # it has another sound
    forget_sound(library, second)
    assert set(vectors(library, model_id)) == {"a", "b", "c"}
    library.execute("delete from muse.tracks where track_id = 'd on Spotify'")
    forget_source(library, "test")
    assert vectors(library, model_id) == {}
    assert library.execute("select count(*) from sound_embeddings").fetchone() == (0,)


def by_artists(share: float, songs: int = 40) -> dict[str, list[float]]:
    """Songs of two artists; for this share the nearest is by the same artist."""
    rows = {}
    for number in range(songs):
        artist = number % 2
        side = artist if number < share * songs else 1 - artist
        rows[f"{artist} {number}"] = [10.0 * side, *np.random.default_rng(number).normal(size=3)]
    return rows


def add_artists(conn, tagger: int, share: float) -> None:
    for track_id, values in by_artists(share).items():
        if not conn.execute("select from tracks where track_id = %s", (track_id,)).rowcount:
            add_track(conn, track_id, artist=f"Artist {track_id[0]}")
        add_sound(conn, tagger, track_id, values)


def test_the_quality_is_the_share_of_nearest_songs_by_the_same_artist():
    rows = by_artists(1)
    embeddings, artists = np.array(list(rows.values())), [name[0] for name in rows]
    quality = measure(embeddings, artists)
    assert quality.share == 1
    assert quality.by_chance == pytest.approx(19 / 39)
    assert quality.beats_chance
    shuffled = measure(np.random.default_rng(0).normal(size=(40, 5)), artists)
    assert not shuffled.beats_chance
    assert measure(embeddings, ["one"] * 40) is None


def test_the_quality_is_stored_and_told(fresh):
    add_artists(fresh, add_tagger(fresh), 1)
    model = train(fresh)
    metrics = fresh.execute("select metrics from models where name = 'sounds'").fetchone()[0]
    assert metrics == {"same_artist": 1.0, "by_chance": 0.4872, "songs": 40}
    assert "for 100% of 40 songs, by chance 49%" in describe(model)[1]


def test_another_tagger_goes_live_only_where_it_is_no_worse(fresh):
    add_artists(fresh, add_tagger(fresh), 1)
    good = train(fresh).model_id
    add_artists(fresh, add_tagger(fresh), 0.5)
    with pytest.raises(Problem, match=r"not deployed: of 40 songs .*--force deploys it"):
        train(fresh)
    assert fresh.execute("select live_model('sounds')").fetchone() == (good,)
    assert train(fresh, force=True).model_id > good


def test_the_tagger_of_a_live_model_is_kept(library):
    train(library)
    (used,) = library.execute("select live_model('tagger')").fetchone()
    for _ in range(8):
        add_tagger(library)
    prune_models(library, "tagger")
    content = "select content is not null from models where model_id = %s"
    assert library.execute(content, (used,)).fetchone() == (True,)
    assert library.execute("select count(*) from models where name = 'tagger'").fetchone() == (6,)
