"""Works: one key for the versions of a song, and one version in each answer."""

import pytest

from loaders.songs.formats import Playlist
from loaders.songs.formats.model import track
from loaders.songs.load import load_entries
from tests.factories.rows import add_track, publish_songs

SAME = [
    ("Enjoy the Silence - 2006 Remaster", "Depeche Mode", "Enjoy the Silence", "Depeche Mode"),
    ("Enjoy The Silence (Single Version)", "DEPECHE MODE", "Enjoy the Silence", "Depeche Mode"),
    ("Umbrella (feat. JAY-Z)", "Rihanna", "Umbrella", "Rihanna, JAY-Z"),
    ("Umbrella ft. Jay Z", "Rihanna", "Umbrella", "Rihanna & JAY-Z"),
    ("Help! - Remastered 2009 / Mono", "The Beatles", "Help", "Beatles, The"),
    ("Let It Go - From \"Frozen\"/Soundtrack Version", "Idina Menzel", "Let It Go", "Idina Menzel"),
    ("Blue Monday - 12\" Version", "New Order", "Blue Monday (Official Video) [HD]", "New Order"),
    ("Love Story (Taylor’s Version)", "Taylor Swift", "Love Story", "Taylor Swift"),
    ("Fame - 2016 - Remaster", "David Bowie", "Fame - Versión Original", "David Bowie"),
    ("Hello - Live / Remastered", "X", "Hello (Live)", "X"),
    ("Hurt（feat. B）", "A", "Hurt ft B", "A - Topic"),
    ("Hurt【Official Video】", "AnnBoVEVO", "Hurt", "Ann Bo"),
    ("ŁÓDŹ (with Ann)", "X", "Lodz", "X feat. Ann"),
]  # fmt: skip
APART = [
    ("Hello - Live", "X", "Hello", "X"),
    ("Hello (Acoustic Version)", "X", "Hello", "X"),
    ("Hello (Club Mix)", "X", "Hello", "X"),
    ("Hello - Bob Remix", "X", "Hello", "X"),
    ("Hello (Instrumental)", "X", "Hello", "X"),
    ("Hello - Karaoke Version", "X", "Hello", "X"),
    ("Hello (Demo)", "X", "Hello", "X"),
    ("Hello, Pt. 2", "X", "Hello", "X"),
    ("Hello", "X", "Hello", "Y"),
    ("Stuck (With You)", "X", "Stuck", "X"),
    ("A Feat of Strength", "X", "A", "X"),
    ("6 ft Under", "X", "6", "X"),
    ("C", "X", "C++", "X"),
    ("C", "X", "C#", "X"),
    ("1+1", "X", "1-1", "X"),
    ("1999 - 2019 Remaster", "X", "2019", "X"),
    ("(Remastered)", "X", "(Mono)", "X"),
    ("Intro", "Various Artists", "Intro", "VA"),
    ("Intro", None, "Intro", None),
    (None, None, None, None),
]


def keys(conn, one, artist, other, its):
    query = "select work_key('1', %s, %s), work_key('2', %s, %s)"
    return conn.execute(query, (one, artist, other, its)).fetchone()


@pytest.mark.parametrize(("one", "artist", "other", "its"), SAME)
def test_versions_of_a_recording_are_one_work(db, one, artist, other, its):
    first, second = keys(db, one, artist, other, its)
    assert first == second


@pytest.mark.parametrize(("one", "artist", "other", "its"), APART)
def test_other_performances_and_other_songs_are_other_works(db, one, artist, other, its):
    first, second = keys(db, one, artist, other, its)
    assert first != second


def test_long_and_odd_names_have_a_key(db):
    for name in ("(" * 5000, "x" * 5000, " - " * 3000, "feat. " * 1000, "[])(", ""):
        (key,) = db.execute("select work_key('1', %s, %s)", (name, name)).fetchone()
        assert 0 < len(key) <= 403


def test_the_view_lists_the_tracks_of_a_work(fresh):
    songs = [("Umbrella", "Rihanna"), ("Umbrella (feat. JAY-Z)", "Rihanna"), ("Other", "Rihanna")]
    tracks = [track(name=name, artist=artist) for name, artist in songs]
    load_entries(fresh, "test", [Playlist("p", "p", [*tracks, tracks[1]])])
    query = "select work, name, artist, tracks, places, track_ids, track_ids_text from works"
    assert fresh.execute(query).fetchall() == [
        ("rihanna - umbrella", "Umbrella (feat. JAY-Z)", "Rihanna", 2, 3,
         ["rihanna - umbrella feat jay z", "rihanna - umbrella"],
         "rihanna - umbrella feat jay z; rihanna - umbrella")
    ]  # fmt: skip
    assert len(fresh.execute("select from tracks").fetchall()) == 3
    plan = fresh.execute(
        "explain select from muse.tracks where work = any(array(select 'rihanna - umbrella'))"
    ).fetchall()
    assert "tracks" in str(plan)


@pytest.fixture
def versions(fresh):
    """Song s in two versions; a in three; then b and c."""
    names = {"s1": "S", "s2": "S - 2009 Remaster", "a1": "A", "a2": "A (Mono)", "a3": "A (feat. X)",
             "b": "B", "c": "C"}  # fmt: skip
    vectors = {
        track_id: ([1, 0], [1, 0.1 * place]) for place, track_id in enumerate(names, start=1)
    }
    publish_songs(fresh, vectors, neighbors=[("s1", "s2", 0.9), ("s1", "a2", 0.5)])
    for track_id, name in names.items():
        add_track(fresh, track_id, name=name)
    return fresh


def ids(conn, query):
    return [row[0] for row in conn.execute(query).fetchall()]


def test_similar_songs_has_no_other_version_of_the_seed_and_one_of_each_song(versions):
    query = "select track_id from similar_songs('s1', n => {})"
    assert ids(versions, query.format(2)) == ["a1", "b"]
    assert ids(versions, query.format(10)) == ["a1", "b", "c"]
    assert ids(versions, "select track_id from similar_songs('s2', \"only\" => array['a3', 'b'])") == [
        "a3", "b"]  # fmt: skip
    assert ids(versions, "select track_id from similar_songs('b', unlike => array['s1'])") == [
        "a1", "c"]  # fmt: skip


def test_song_radio_has_no_other_version_of_a_seed_and_one_of_each_song(versions):
    rows = ids(versions, "select track_id from song_radio(array['s1'], per_artist => 9)")
    assert rows == ["a2", "b", "c"]  # a2 stands beside s1


def test_a_path_has_each_song_once(versions):
    path = ids(versions, "select track_id from song_path('s1', 'c', n => 9, per_artist => 9)")
    assert (path[0], path[-1], len(path)) == ("s1", "c", 4)
    assert {track_id[0] for track_id in path} == {"s", "a", "b", "c"}
