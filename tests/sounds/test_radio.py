"""song_radio with an ear: (1 - sound) z(playlists) + sound z(sound)."""

import numpy as np
import psycopg
import pytest

from loaders.core.db import connect_to_muse
from loaders.songs import export
from tests.factories.rows import add_track, publish_songs
from tests.factories.sounds import publish_sounds

RADIO = "select track_id from song_radio(array['seed'], 10, sound => %s)"
PLAYLISTS = {"seed": 0, "p1": 10, "p2": 40, "both": 60, "p3": 90, "p4": 150}  # degrees
SOUNDS = {"seed": 0, "both": 20, "s1": 10, "s2": 50, "s3": 120}


def at(degrees: float) -> list[float]:
    return [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))]


@pytest.fixture
def shelf(fresh) -> psycopg.Connection:
    """Songs of playlists and songs with a sound; the seed and one more are both."""
    for track_id in PLAYLISTS | SOUNDS:
        add_track(fresh, track_id, artist=track_id)
    publish_songs(fresh, {key: (at(angle), at(angle)) for key, angle in PLAYLISTS.items()})
    publish_sounds(fresh, {key: at(angle) for key, angle in SOUNDS.items()})
    return fresh


def ids(conn: psycopg.Connection, query: str, *values: object) -> list[str]:
    return [row[0] for row in conn.execute(query, values)]


def z_scores(angles: dict[str, float]) -> dict[str, float]:
    cosines = np.cos(np.radians(list(angles.values())))
    return dict(zip(angles, (cosines - cosines.mean()) / cosines.std(), strict=True))


@pytest.mark.parametrize("sound", [0.25, 0.5, 0.9])
def test_the_score_blends_standard_deviations(shelf, sound):
    by_playlists, by_sound = z_scores(PLAYLISTS), z_scores(SOUNDS)
    expected = {
        key: (1 - sound) * by_playlists.get(key, 0) + sound * by_sound.get(key, 0)
        for key in (PLAYLISTS | SOUNDS).keys() - {"seed"}
    }
    query = "select track_id, score from song_radio(array['seed'], 10, sound => %s)"
    rows = shelf.execute(query, (sound,)).fetchall()
    assert dict(rows) == pytest.approx(expected, abs=1e-4)
    assert [key for key, _ in rows] == sorted(expected, key=expected.get, reverse=True)


def test_tracks_without_playlists_enter_only_with_sound(shelf):
    assert ids(shelf, RADIO, 0) == ["p1", "p2", "both", "p3", "p4"]
    assert set(ids(shelf, RADIO, 0.01)) == (PLAYLISTS | SOUNDS).keys() - {"seed"}
    assert ids(shelf, RADIO, 1)[:3] == ["s1", "both", "s2"]


def test_a_radio_that_listens_is_written_to_a_file(shelf):
    with connect_to_muse() as conn:
        playlist = export.radio(conn, ["seed"], 2, 3, sound=1)
    assert [track.track_id for track in playlist.tracks] == ["s1", "both"]


def test_without_sound_nothing_changes_and_no_model_of_sounds_is_needed(shelf):
    query = "select * from song_radio(array['seed'], 10)"
    before = shelf.execute(query).fetchall()
    shelf.execute("delete from muse.deployments where name = 'sounds'")
    assert shelf.execute(query).fetchall() == before
    with pytest.raises(psycopg.errors.UndefinedObject) as caught:
        shelf.execute(RADIO, (0.5,))
    assert caught.value.diag.message_hint == "run: ./pgmuse train sounds"


def test_a_seed_that_no_playlist_has_is_heard(shelf):
    query = "select track_id from song_radio(array['s1'], 10, sound => %s)"
    assert ids(shelf, query, 0) == []
    rows = ids(shelf, query, 0.5)
    assert set(rows[:2]) == {"seed", "both"}  # both are 10 degrees away
    assert "p1" not in rows  # nothing is known of it


def test_a_library_without_playlists_has_a_radio_by_sound(fresh):
    for track_id in SOUNDS:
        add_track(fresh, track_id, artist=track_id)
    with pytest.raises(psycopg.errors.UndefinedObject, match="no model sounds yet"):
        ids(fresh, RADIO, 0.5)
    publish_sounds(fresh, {key: at(angle) for key, angle in SOUNDS.items()})
    assert ids(fresh, RADIO, 0.5) == ids(fresh, RADIO, 1) == ["s1", "both", "s2", "s3"]
    artists = "select track_id from song_radio(artists => array['seed'], n => 2, sound => 0.5)"
    assert "s1" in ids(fresh, artists)
    with pytest.raises(psycopg.errors.UndefinedObject, match="no model songs yet"):
        ids(fresh, RADIO, 0)


def test_seeds_without_a_sound_give_a_notice_and_the_order_of_playlists(shelf):
    notices = []
    shelf.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    query = "select track_id from song_radio(array['p1'], 10, sound => %s)"
    assert ids(shelf, query, 0.5) == ids(shelf, query, 0)
    assert notices == ["no seed has a sound: by playlists alone"]


def test_limits_hold_for_tracks_without_playlists_too(shelf):
    shelf.execute("update muse.tracks set artist = 'Ann' where track_id like 's_'")
    radio = "select track_id from song_radio(array['seed'], 10, {}, sound => 1)"
    assert [one for one in ids(shelf, radio.format("per_artist => 1")) if one[0] == "s"] == ["s1"]
    assert "s1" not in ids(shelf, radio.format("exclude => array['s1']"))
    assert ids(shelf, radio.format("\"only\" => array['s2', 's1', 'p1']")) == ["s1", "s2", "p1"]
    assert ids(shelf, radio.format("unlike => array['s1']"))[0] != "s1"


@pytest.mark.long
def test_all_tracks_are_compared_where_one_artist_fills_the_candidates(fresh):
    """The nearest 1,000 are by one artist; n rows are returned all the same."""
    near = {f"a{number}": [1, number / 10_000] for number in range(1100)}
    far = {f"b{number}": [0, 1, number] for number in range(5)}
    publish_songs(fresh, {"seed": ([1], [1])})
    publish_sounds(fresh, {"seed": [1, 0]} | near | far)
    for track_id in ("seed", *near, *far):
        add_track(fresh, track_id, artist="Ann" if track_id[0] == "a" else track_id)
    rows = ids(fresh, "select track_id from song_radio(array['seed'], 6, 1, sound => 1)")
    assert len(rows) == 6
    assert set(rows) > set(far)


@pytest.mark.parametrize("sound", [-0.1, 1.1, None, float("nan")])
def test_sound_is_from_0_to_1(shelf, sound):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="sound must be from 0 to 1"):
        shelf.execute(RADIO, (sound,))


@pytest.mark.long
def test_both_indexes_are_walked(fresh):
    fresh.execute("update muse.vector_indexes set from_rows = 0")
    random = np.random.default_rng(0)
    tracks = [f"t{number}" for number in range(3000)]
    songs = {
        key: (row, row) for key, row in zip(tracks, random.normal(size=(3000, 8)), strict=True)
    }
    publish_songs(fresh, songs)
    publish_sounds(fresh, dict(zip(tracks, random.normal(size=(3000, 8)), strict=True)))
    fresh.execute(
        "insert into muse.tracks (track_id, name, artist) "
        "select track_id, track_id, track_id from sound_vectors"
    )
    used = "select sum(idx_scan) from pg_stat_user_indexes where indexrelname like %s"
    rows = ids(fresh, "select track_id from song_radio(array['t0'], 25, sound => 0.5)")
    assert len(set(rows)) == 25
    fresh.execute("select pg_stat_force_next_flush()")
    for table in ("song_vectors", "sound_vectors"):
        assert fresh.execute(used, (f"{table}_%_vector",)).fetchone()[0] >= 1, table
