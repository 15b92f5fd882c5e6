"""Training songs: vectors, neighbours, the replaced model, concurrent readers."""

import psycopg
import pytest

from loaders.admin.forget import forget_source
from loaders.admin.refresh import refresh
from loaders.core.db import connect_to_load
from loaders.songs import train as songs
from loaders.songs.forget import forget_playlists
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


def test_training_finds_the_two_tastes_and_writes_down_how_well(fresh):
    fill(fresh, two_tastes())
    model = songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1))
    assert (model.playlists, model.items) == (120, 40)
    rows = fresh.execute("select left(track_id, 1) from similar_songs('a1', 10)").fetchall()
    assert rows == [("a",)] * 10
    config, metrics = fresh.execute("select config, metrics from models").fetchone()
    assert (config["epochs"], config["filter"]["longest"]) == (3, 119)
    assert metrics["word2vec"]["playlists"] == 12
    assert metrics["word2vec"]["ndcg"] > metrics["popularity"]["ndcg"]


def test_neighbours_are_cosines_of_playlists_shrunk(fresh):
    fill(fresh, {"1": ["a", "b"], "2": ["a", "b", "b"], "3": ["a", "c"], "4": ["c", "d"]})
    songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1))
    query = "select neighbor_id, playlists, similarity from song_neighbors where track_id = 'a' order by 3 desc"
    rows = fresh.execute(query).fetchall()
    assert [(row[0], row[1]) for row in rows] == [("b", 2), ("c", 1)]
    of_two = 1 / 2**0.5  # every playlist here has two tracks, once
    assert rows[0][2] == pytest.approx(
        2 * of_two / ((3 * 2) ** 0.5 * of_two + songs.SHRINK), rel=1e-5
    )


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
    model = songs.train(fresh, QUICK, songs.PlaylistFilter(shortest=2, longest=29))
    assert (model.playlists, model.items) == (5, 7)
    assert songs.train(fresh, QUICK, songs.PlaylistFilter(artist_share=1)).playlists == 8


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
