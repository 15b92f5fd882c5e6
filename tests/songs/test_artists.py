"""Vectors of artists: training, names and ids, similar artists, and the radio of artists."""

import json

import psycopg
import pytest

from loaders.admin.refresh import refresh
from loaders.songs import train as songs
from loaders.songs.artists import ARTISTS
from loaders.songs.forget import forget_playlists
from loaders.songs.formats import Playlist, Track
from loaders.songs.load import load_entries
from loaders.songs.word2vec import Word2VecSettings

QUICK = Word2VecSettings(epochs=3)
ALL = songs.PlaylistFilter(artist_share=1)
LIVE = "select artist_id, artist from artist_vectors where model_id = live_model('artists')"


def load(conn, *playlists: list[Track], source: str = "test") -> None:
    entries = [
        Playlist(f"{source}{number}", f"{source}{number}", tracks)
        for number, tracks in enumerate(playlists)
    ]
    load_entries(conn, source, entries)


def by(*artists: str | tuple[str | None, str | None]) -> list[Track]:
    """A playlist of one song of each artist: a name, or an id and a name."""
    pairs = [(None, artist) if isinstance(artist, str) else artist for artist in artists]
    return [Track(f"song of {one} {name}", "Song", name, one) for one, name in pairs]


def two_tastes(conn, count: int = 60) -> None:
    """Playlists of two tastes: ten of the artists a0-a19, or of b0-b19."""
    load(
        conn,
        *(
            by(*(f"{taste}{(number * 7 + i * 3) % 20}" for i in range(10)))
            for taste in "ab"
            for number in range(count)
        ),
    )


@pytest.fixture
def notices(fresh):
    lines: list[str] = []
    fresh.add_notice_handler(lambda notice: lines.append(notice.message_primary))
    return lines


@pytest.mark.long
def test_training_finds_the_two_tastes_and_measures_it(fresh):
    two_tastes(fresh)
    model = songs.train(fresh, QUICK, ALL, ARTISTS)
    assert (model.playlists, model.items) == (120, 40)
    rows = fresh.execute("select left(artist, 1) from similar_artists('A1', 10)").fetchall()
    assert rows == [("a",)] * 10
    rows = fresh.execute("select left(artist, 1) from artist_radio(array['b1', 'b2'], 10)")
    assert rows.fetchall() == [("b",)] * 10
    (metrics,) = fresh.execute("select metrics from models where name = 'artists'").fetchone()
    assert metrics["word2vec"]["playlists"] == 60
    assert metrics["word2vec"]["ndcg"] > metrics["popularity"]["ndcg"]


def test_hidden_artists_are_those_that_were_not_visible(fresh):
    load(fresh, by("a", "b", "c", "d", "e", "f", "g", "h", "a", "i"))
    songs.select(fresh, songs.PlaylistFilter(artist_share=1, held_out=1), ARTISTS)
    visible = [f"name:{letter}" for letter in "abcdefgh"]
    rows = fresh.execute(songs.QUERIES.held_out_parts).fetchall()
    assert rows == [(visible, ["name:i"])]


@pytest.mark.long
def test_a_name_without_an_id_joins_the_most_played_id_of_that_spelling(fresh):
    load(
        fresh,
        by(("1", "Beyoncé"), ("2", "BEYONCE"), "beyonce!", "Solo"),
        by(("1", "Beyoncé"), "SOLO"),
    )
    songs.train(fresh, QUICK, ALL, ARTISTS)
    assert fresh.execute(LIVE + " order by 1").fetchall() == [
        ("1", "Beyoncé"), ("2", "BEYONCE"), ("name:solo", "SOLO"),
    ]  # fmt: skip


def test_artists_without_a_name_have_their_id(fresh):
    load(fresh, by(("7", None), ("8", None)), [Track("no artist")])
    songs.train(fresh, QUICK, ALL, ARTISTS)
    assert fresh.execute(LIVE + " order by 1").fetchall() == [("7", None), ("8", None)]
    assert fresh.execute("select artist, artist_id from similar_artists('7')").fetchall() == [
        ("8", "8")
    ]


@pytest.mark.parametrize(
    ("words", "artist_id"),
    [
        ("Ke$ha", "k1"),
        ("k1", "k1"),
        ("HIM", "h1"),
        ("Him", "h2"),
        ("acdc", "name:acdc"),
        ("Ac-Dc", "name:acdc"),
        ("name:acdc", "name:acdc"),
        ("!!!", "name:!!!"),
        ("earth wind and fire", "name:earthwindandfire"),
        ("nobody", None),
        ("", None),
        (None, None),
    ],
)
def test_an_artist_is_found_by_id_by_name_and_in_any_spelling(fresh, words, artist_id):
    load(
        fresh,
        by(("k1", "Ke$ha"), ("h1", "HIM"), ("h2", "Him"), "AC/DC", "!!!", "Earth, Wind & Fire"),
    )
    assert fresh.execute("select one_artist(%s)", (words,)).fetchone() == (artist_id,)


def test_where_several_artists_fit_the_error_lists_them(fresh):
    load(fresh, by(("h1", "HIM"), ("h2", "Him")), by(("h2", "Him")))
    songs.train(fresh, QUICK, ALL, ARTISTS)
    with pytest.raises(psycopg.errors.InvalidParameterValue) as caught:
        fresh.execute("select * from similar_artists('him')")
    assert caught.value.diag.message_primary == (
        "2 artists fit him, give the id of one: h2 (Him, 2 places), h1 (HIM, 1 places)"
    )
    assert caught.value.diag.message_hint == "the most played is h2"


def test_an_unknown_artist_gives_no_rows_and_a_notice(fresh, notices):
    load(fresh, by("a", "b", "c"))
    songs.train(fresh, QUICK, ALL, ARTISTS)
    assert fresh.execute("select * from similar_artists('nobody')").fetchall() == []
    assert fresh.execute("select * from artist_radio(array['a', 'nobody', null])").rowcount == 2
    assert notices[-2:] == [
        "artist nobody is not in the live model",
        "left out, not in the live model: nobody, null",
    ]


@pytest.mark.parametrize("call", ["similar_artists('a')", "artist_radio(array['a'])"])
def test_without_a_model_the_error_says_what_to_run(db, call):
    with pytest.raises(psycopg.errors.UndefinedObject, match="no model artists yet") as caught:
        db.execute(f"select * from {call}")
    assert caught.value.diag.message_hint == "run: ./pgmuse train artists"


def test_n_artists_come_whenever_n_exist(fresh):
    load(fresh, by(*(f"artist {number}" for number in range(60))))
    songs.train(fresh, QUICK, ALL, ARTISTS)
    fresh.execute("set hnsw.max_scan_tuples = 5")
    assert fresh.execute("select * from similar_artists('artist 1', 1000)").rowcount == 59
    assert fresh.execute("select * from artist_radio(array['artist 1'], 1000)").rowcount == 59


def test_a_radio_of_artists_adds_the_cosine_three_times_and_the_root_of_the_neighbours(fresh):
    two_tastes(fresh, 10)
    songs.train(fresh, QUICK, ALL, ARTISTS)
    rows = fresh.execute(
        """
        with seed as (select * from artist_vectors where artist_id = 'name:a1'),
        beside as (select * from artist_neighbors where artist_id = 'name:a1')
        select
            radio.score,
            -3 * (other.context_vector <#> seed.input_vector)
            + sqrt(coalesce(beside.similarity / (select max(similarity) from beside), 0))
        from artist_radio(array['a1'], 20) as radio
        join artist_vectors as other using (artist_id)
        left join beside on beside.neighbor_id = radio.artist_id
        cross join seed
        """
    ).fetchall()
    assert len(rows) == 20
    assert [row[0] for row in rows] == pytest.approx([row[1] for row in rows], rel=1e-4)


@pytest.mark.long
def test_refresh_retrains_artists_only_where_they_were_trained(fresh):
    two_tastes(fresh, 5)
    songs.train(fresh, QUICK, ALL)
    load(fresh, by("new", "a1"), source="later")
    assert refresh(fresh, "songs")
    names = "select name, count(*) from models group by name order by name"
    assert fresh.execute(names).fetchall() == [("songs", 2)]
    songs.train(fresh, QUICK, ALL, ARTISTS)
    load(fresh, by("newest", "a1"), source="last")
    assert refresh(fresh, "songs")
    assert fresh.execute(names).fetchall() == [("artists", 2), ("songs", 3)]
    assert ("name:newest", "newest") in fresh.execute(LIVE).fetchall()
    (epochs,) = fresh.execute("select max(config ->> 'epochs') from models").fetchone()
    assert epochs == "3"


def test_forgotten_artists_leave_the_model(fresh):
    load(fresh, by("keep", ("x1", "Gone")), by("keep", "other"))
    songs.train(fresh, QUICK, ALL, ARTISTS)
    forget_playlists(fresh, "playlist", "test0")
    assert {name for _, name in fresh.execute(LIVE)} == {"keep", "other"}
    left = fresh.execute("select from artist_neighbors where 'x1' in (artist_id, neighbor_id)")
    assert left.rowcount == 0
    forget_playlists(fresh, "playlist", "test1")
    assert fresh.execute(LIVE).fetchall() == []


def test_where_no_artist_is_likelier_than_chance_a_notice_says_so(fresh, notices):
    two_tastes(fresh)
    songs.train(fresh, QUICK, ALL, ARTISTS)
    notices.clear()
    assert fresh.execute("select * from similar_artists('a1', 3)").rowcount == 3
    (measured,) = fresh.execute("select config -> 'lift' ->> 'lift' from models").fetchone()
    assert (json.loads(measured)[-1] > 1, notices) == (True, [])
    curve = '{"lift": {"similarity": [-1, 1], "lift": [0.1, 0.9]}}'
    fresh.execute("update models set config = config || %s", (curve,))
    assert fresh.execute("select * from similar_artists('a1', 3)").rowcount == 3
    assert notices == ["no artist stands beside name:a1 more often than by chance"]
    fresh.execute("update models set config = config - 'lift'")  # of an earlier version
    assert fresh.execute("select * from similar_artists('a1', 3)").rowcount == 3
    assert len(notices) == 1
