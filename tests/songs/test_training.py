"""Training songs: vectors, neighbours, the replaced model, concurrent readers."""

from random import Random

import psycopg
import pytest

from loaders.admin.forget import forget_source
from loaders.admin.refresh import refresh
from loaders.core.db import connect_to_load
from loaders.songs import train as songs
from loaders.songs.forget import forget_playlists
from loaders.songs.formats import Playlist, Track
from loaders.songs.load import load_entries
from loaders.songs.word2vec import Word2VecSettings
from tests.factories.playlists import fill
from tests.factories.polling import add_tracks, publish_version, readers
from tests.factories.rows import publish_songs

QUICK = Word2VecSettings(epochs=3)


def two_tastes(count: int = 60) -> dict[str, list[str]]:
    """Playlists of two tastes: ten tracks of a0-a19, or of b0-b19."""
    return {
        f"{taste}{number}": [f"{taste}{(number * 7 + i * 3) % 20}" for i in range(10)]
        for taste in "ab"
        for number in range(count)
    }


@pytest.mark.long
def test_training_finds_the_two_tastes_and_writes_down_how_well(fresh):
    fill(fresh, two_tastes())
    model = songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1))
    assert (model.playlists, model.items) == (120, 40)
    rows = fresh.execute("select left(track_id, 1) from similar_songs('a1', 10)").fetchall()
    assert rows == [("a",)] * 10
    config, metrics = fresh.execute("select config, metrics from models").fetchone()
    assert (config["epochs"], config["filter"]["longest"], config["longest"]) == (3, None, 119)
    assert {quality["playlists"] for quality in metrics.values()} == {60}
    assert metrics["radio"]["hits"] == 2  # both hidden tracks
    assert metrics["popularity"]["hits"] < 1


@pytest.mark.long
def test_neighbours_are_cosines_of_playlists_shrunk(fresh):
    fill(fresh, {"1": ["a", "b"], "2": ["a", "b", "b"], "3": ["a", "c"], "4": ["c", "d"]})
    songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1))
    query = "select neighbor_id, playlists, similarity from song_neighbors where track_id = 'a' order by 3 desc"
    rows = fresh.execute(query).fetchall()
    assert [(row[0], row[1]) for row in rows] == [("b", 2), ("c", 1)]
    of_two = 1 / 2**0.5  # every playlist here has two tracks, once
    assert rows[0][2] == pytest.approx(2 * of_two / ((3 * 2) ** 0.5 * of_two + 1), rel=1e-5)


def test_training_is_deterministic(fresh):
    fill(fresh, two_tastes(10))
    query = """
        select track_id, input_vector::text, context_vector::text
        from song_vectors join deployments using (model_id) order by 1
    """
    runs = []
    for _ in range(2):
        songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1))
        runs.append(fresh.execute(query).fetchall())
    assert runs[0] == runs[1]


def test_filters_leave_playlists_out(fresh):
    mixed = {f"mixed{i}": ["a1", "b1", f"c{i}"] for i in range(5)}
    fill(fresh, mixed | {"short": ["x"], "long": [f"{i}" for i in range(30)], "one": ["y1", "y2"]})
    model = songs.train(fresh, QUICK, songs.PlaylistFilter(shortest=2))
    assert (model.playlists, model.items) == (6, 37)
    assert model.selection.notes == [
        "left out 1 playlist of fewer than 2 tracks (--shortest)",
        "left out 1 playlist in which one artist has more than 50% (--artist-share)",
    ]
    assert songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1)).playlists == 8


def test_long_playlists_are_cut_into_equal_parts_and_none_is_lost(fresh):
    fill(fresh, {"long": [f"{i:02}" for i in range(61)], "short": ["x", "y"]})
    chosen = songs.select(fresh, songs.PlaylistFilter(longest=30, artist_share=1, held_out=0))
    assert (chosen.playlists, chosen.places, chosen.items) == (2, 63, 63)
    assert chosen.notes == ["trained in parts: 1 playlist of more than 30 tracks (--longest)"]
    parts = fresh.execute("select cardinality(items) from training order by part_id").fetchall()
    assert parts == [(20,), (20,), (21,), (2,)]
    items = "select array_agg(item order by part_id, place) from training, unnest(items) with ordinality as i (item, place)"
    (order,) = fresh.execute(items).fetchone()
    assert order == [*(f"{i:02}" for i in range(61)), "x", "y"]


def test_the_cap_follows_the_playlists(fresh):
    fill(fresh, {str(n): [f"{n}-{i}" for i in range(200)] for n in range(5)})
    chosen = songs.select(fresh, songs.PlaylistFilter(artist_share=1))
    assert (chosen.longest, chosen.notes) == (200, [])
    fill(fresh, {"liked": [f"l{i}" for i in range(2000)]})
    chosen = songs.select(fresh, songs.PlaylistFilter(artist_share=1))
    assert (chosen.longest, chosen.places + chosen.hidden) == (500, 3000)


def test_where_one_artist_fills_most_playlists_they_are_kept(fresh):
    fill(fresh, {"1": ["a1", "a2"], "2": ["a3", "a1"], "3": ["a1", "b1", "c1"]})
    chosen = songs.select(fresh, songs.PlaylistFilter())
    assert (chosen.playlists, chosen.notes) == (3, [
        "kept 2 playlists in which one artist has more than 50% (--artist-share): "
        "they are most of 3"
    ])  # fmt: skip


def test_a_few_playlists_prove_nothing(fresh):
    fill(fresh, two_tastes(19))
    model = songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1))
    assert model.tuning is None
    assert songs.quality_lines(model, songs.SONGS)[-1] == (
        "quality unknown: the end of 19 playlists of ten or more tracks was hidden (--held-out); "
        "it takes 20"
    )
    assert fresh.execute("select metrics from models").fetchone() == ({},)


def test_parts_of_one_playlist_prove_nothing_either(fresh):
    fill(fresh, {"long": [f"{i:04}" for i in range(1000)]})
    which = songs.PlaylistFilter(longest=20, artist_share=1, held_out=1)
    assert songs.train(fresh, QUICK, which).tuning is None


def test_playlists_of_one_track_teach_nothing(fresh):
    fill(fresh, {"1": ["a"], "2": ["b"]})
    with pytest.raises(songs.Problem, match="no playlist has two tracks"):
        songs.train(fresh, QUICK)


@pytest.mark.long
def test_the_last_training_has_the_ends_too(fresh):
    """The end of a playlist is hidden to measure, and is in the model that answers."""
    fill(fresh, two_tastes(20) | {"end": [*(f"a{i}" for i in range(9)), "only"]})
    songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1, held_out=1))
    assert fresh.execute("select 1 from song_vectors where track_id = 'only'").rowcount == 1
    assert fresh.execute("select 1 from song_neighbors where track_id = 'only'").rowcount == 9


@pytest.mark.long
def test_the_radio_follows_the_order_where_the_order_says_most(fresh):
    """Pairs follow one another; what came before is random."""
    random = Random(0)
    lists = {}
    for n in range(120):
        tracks = [f"t{i}" for i in random.sample(range(60), 8)]
        last = random.randrange(30)
        lists[str(n)] = [*tracks, f"x{last}", f"y{last}", f"z{last}"]
    fill(fresh, lists)
    songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1))
    (radio,) = fresh.execute("select config -> 'radio' from models").fetchone()
    assert radio["exponent"] >= 1
    seeds = [f"t{i}" for i in range(10)] + ["x3"]
    (first,) = fresh.execute("select track_id from song_radio(%s, 1, 99)", (seeds,)).fetchone()
    assert first in ("y3", "z3")


@pytest.mark.long
def test_a_measured_similarity_says_how_much_likelier_than_chance(fresh):
    fill(fresh, two_tastes())
    songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1))
    lifts = [row[0] for row in fresh.execute("select lift from similar_songs('a1', 39)")]
    assert lifts == sorted(lifts, reverse=True)
    assert lifts[0] > 2  # half of all tracks are of its taste
    assert lifts[-1] < 0.3


def test_no_playlists_is_an_error_with_the_command(fresh):
    with pytest.raises(songs.Problem, match="pgmuse load playlists"):
        songs.train(fresh, QUICK)


def test_no_track_in_enough_places_is_an_error_too(fresh):
    fill(fresh, two_tastes(1))
    with pytest.raises(songs.Problem, match="lower --min-count"):
        songs.train(
            fresh, Word2VecSettings(epochs=1, min_count=9), songs.PlaylistFilter(artist_share=1)
        )


def test_a_connection_that_is_lost_ends_the_training(fresh, server, monkeypatch):
    fill(fresh, two_tastes())
    with connect_to_load(dbname="fresh", autocommit=True) as conn:
        corpus = songs.Corpus(conn)
        songs.select(conn, songs.PlaylistFilter(artist_share=1))
        fresh.execute("select pg_terminate_backend(%s, 5000)", (conn.info.backend_pid,))
        assert list(corpus) == []
        with pytest.raises(psycopg.OperationalError):
            corpus.check()


PARTS = "select relname from pg_class where relname ~ '^song_vectors_[0-9]+$' order by 1"


def test_the_replaced_model_stays_until_the_next_one_or_a_day(fresh):
    first, second = (publish_songs(fresh, {"a": ([1], [1])}) for _ in range(2))
    assert fresh.execute(PARTS).fetchall() == [(f"song_vectors_{i}",) for i in (first, second)]
    assert fresh.execute("select model_id, previous_id from deployments").fetchone() == (
        second, first,
    )  # fmt: skip
    fresh.execute("update deployments set deployed_at = now() - interval '25 hours'")
    refresh(fresh)
    assert fresh.execute(PARTS).fetchall() == [(f"song_vectors_{second}",)]
    assert fresh.execute("select model_id from models order by 1").fetchall() == [
        (first,),
        (second,),
    ]


def test_a_partition_that_is_still_read_is_dropped_the_next_time(fresh, server):
    publish_songs(fresh, {"a": ([1], [1])})
    publish_songs(fresh, {"a": ([1], [1])})
    with server.connect(dbname="fresh") as other:
        other.execute("select count(*) from muse.song_vectors")  # and its transaction stays open
        publish_songs(fresh, {"a": ([1], [1])})
        assert fresh.execute(PARTS).rowcount == 3
    last = [publish_songs(fresh, {"a": ([1], [1])}) for _ in range(2)]
    assert fresh.execute(PARTS).fetchall() == [(f"song_vectors_{i}",) for i in last]


@pytest.mark.long
def test_a_reader_never_waits_and_never_sees_two_models(fresh, server):
    """Query during retrainings, next to a reader with an open transaction."""
    add_tracks(fresh)
    publish_version(fresh, 1)
    with readers(lambda: server.connect(dbname="fresh", autocommit=True)) as answers:
        with server.connect(dbname="fresh") as holder:
            holder.execute("select count(*) from muse.song_vectors")
            publish_version(fresh, 2)
        publish_version(fresh, 3)
    answers.check()
    assert answers.queries > 50


def test_a_loader_role_loads_trains_and_forgets_without_more_rights(fresh):
    fresh.execute("set role muse_loader")
    fill(fresh, two_tastes(5))
    songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1))
    songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1))
    assert fresh.execute("select count(*) from similar_songs('a1', 5)").fetchone() == (5,)
    assert forget_playlists(fresh, "playlist", "a1") == {"playlists": 1, "tracks": 0}
    assert forget_source(fresh, "test") == {"playlists": 9, "tracks": 40}
    assert fresh.execute("select count(*) from song_vectors").fetchone() == (0,)


def versions_of(count: int, *, split: bool) -> list[Playlist]:
    """Playlists of ten songs that follow one another in a circle of sixty, in several versions.

    split: any version may stand for a song; else the second version has a circle of its own.
    """
    random = Random(0)
    lists = []
    for n in range(count):
        start, version = random.randrange(60), n % 2
        circle = [(start + i) % 60 for i in random.sample(range(10), 10)]
        if split:
            tracks = [version_of(f"s{song}", random.randrange(4)) for song in circle]
        else:
            tracks = [version_of(f"s{song * (1, 7)[version] % 60}", version) for song in circle]
        lists.append(Playlist(str(n), str(n), tracks))
    return lists


def version_of(song: str, version: int) -> Track:
    name = song + ["", " - 2011 Remaster", " (Mono)", " - Single Version"][version]
    return Track(f"{song}{'r' * version}", name, f"by {song}")


@pytest.mark.long
def test_versions_of_a_song_are_trained_as_one_where_that_predicts_better(fresh):
    load_entries(fresh, "test", versions_of(100, split=True))
    model = songs.train(fresh, QUICK, songs.PlaylistFilter())
    assert model.selection.items == 60
    assert "tracks are versions of other tracks, and are trained" in model.selection.notes[0]
    both = "select input_vector from song_vectors where track_id in ('s1', 's1r')"
    (one,), (other,) = fresh.execute(both).fetchall()
    assert one == other
    rows = fresh.execute("select track_id from similar_songs('s1r', 8)").fetchall()
    assert len({track.rstrip("r") for (track,) in rows} - {"s1"}) == 8


@pytest.mark.long
def test_versions_that_stand_in_other_playlists_are_trained_apart(fresh):
    load_entries(fresh, "test", versions_of(300, split=False))
    model = songs.train(fresh, QUICK, songs.PlaylistFilter())
    assert (model.selection.items, model.selection.notes) == (120, [])
