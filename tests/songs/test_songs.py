"""Songs: what goes together, found in SQL; and the training that says so."""

import threading

import psycopg
import pytest

from loaders.admin.forget import forget_source
from loaders.admin.migrate import migrate
from loaders.admin.refresh import refresh
from loaders.core.db import connect_to_load
from loaders.songs import train as songs
from loaders.songs.forget import forget_playlists
from loaders.songs.formats.model import Playlist, Track
from loaders.songs.load import load_entries
from loaders.songs.ranking import measure
from loaders.songs.word2vec import Settings, for_size
from tests.conftest import use
from tests.factories import processor_time as cpu
from tests.factories.rows import add_track, publish_songs

QUICK = Settings(epochs=3)


@pytest.fixture
def three(fresh):
    """a goes with b, and less with c; nothing is like d."""
    publish_songs(
        fresh,
        {
            "a": ([1, 0], [0, 0, 1]),
            "b": ([0, 1], [1, 0.1]),
            "c": ([0, 1], [1, 0.9]),
            "d": ([0, 1], [0, 0, 0, 1]),
        },
        neighbors=[("a", "c", 0.5)],
    )
    for track_id in "abcd":
        add_track(fresh, track_id)
    return fresh


def fill(conn, playlists: dict[str, list[str]]) -> None:
    """Store playlists of tracks whose artist is the first letter of their id."""
    made = (
        Playlist(key, key, [Track(track, track.upper(), track[0]) for track in tracks])
        for key, tracks in playlists.items()
    )
    load_entries(conn, "test", made)


def two_tastes(count: int = 60) -> dict[str, list[str]]:
    """Playlists of one taste or the other: ten tracks of a0-a19, or of b0-b19."""
    return {
        f"{taste}{number}": [f"{taste}{(number * 7 + i * 3) % 20}" for i in range(10)]
        for taste in "ab"
        for number in range(count)
    }


def test_the_likeliest_come_first_and_never_the_track_itself(three):
    rows = three.execute("select * from similar_songs('a')").fetchall()
    assert [row[:3] for row in rows] == [
        ("b", "B", "Nobody"),
        ("c", "C", "Nobody"),
        ("d", "D", "Nobody"),
    ]
    assert [round(row[3], 2) for row in rows] == [1.0, 0.74, 0.0]


@pytest.mark.parametrize(
    "argument",
    ["'a'", "(select min(track_id) from tracks)", "lower('A' || left(random()::text, 0))"],
)
def test_a_literal_a_sub_select_and_a_volatile_argument_answer_alike(three, argument):
    rows = three.execute(f"select track_id from similar_songs({argument}, n => 2)").fetchall()
    assert rows == [("b",), ("c",)]


@pytest.mark.parametrize("n", ["null", "0", "-1", "1001", "2147483647"])
@pytest.mark.parametrize(
    "call",
    [
        "similar_songs('a', {})",
        "song_radio(array['a'], {})",
        "find_songs('a', {})",
        "recall('song_vectors', {})",
    ],
)
def test_n_is_from_1_to_1000(three, call, n):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="n must be from 1 to 1000, not"):
        three.execute(f"select * from {call.format(n)}")


def test_an_unknown_track_gives_no_rows_and_a_notice(three):
    told = []
    three.add_notice_handler(lambda notice: told.append(notice.message_primary))
    assert three.execute("select * from similar_songs('nobody knows')").fetchall() == []
    assert three.execute("select * from song_radio(array['a', 'nobody knows'])").rowcount == 3
    assert three.execute("select * from song_radio(array['nobody', null])").fetchall() == []
    assert told == [
        "track nobody knows is not in the live model",
        "left out, not in the live model: nobody knows",
        "left out, not in the live model: nobody, null",
    ]


@pytest.mark.parametrize(
    "call", ["similar_songs('a')", "song_radio(array['a'])", "recall('song_vectors')"]
)
def test_without_a_model_the_error_says_what_to_run(db, call):
    with pytest.raises(psycopg.errors.UndefinedObject, match="no model songs yet") as caught:
        db.execute(f"select * from {call}")
    assert caught.value.diag.message_hint == "run: ./pgmuse train songs"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("song_radio('{}')", "seeds must be"),
        ("song_radio(null)", "seeds must be"),
        ("song_radio(array['a'], per_artist => 0)", "per_artist must be"),
        ("find_songs('  ')", "query is empty"),
        ("find_songs(null)", "query is empty"),
        ("find_songs(repeat('a ', 1000000))", "query is longer"),
        ("recall('pg_authid')", "no vectors in a table pg_authid"),
        ("recall('song_vectors', 5, 0)", "sample must be"),
    ],
)
def test_other_arguments_are_checked_too(three, call, message):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=message):
        three.execute(f"select * from {call}")


def test_a_radio_blends_vectors_and_neighbours_and_leaves_seeds_out(three):
    rows = three.execute("select place, track_id, score from song_radio(array['a'])").fetchall()
    assert [row[:2] for row in rows] == [(1, "c"), (2, "b"), (3, "d")]  # c is a neighbour too
    cosines = {
        track: cosine for track, *_, cosine in three.execute("select * from similar_songs('a')")
    }
    assert rows[0][2] == pytest.approx(1.5 * cosines["c"] + 1, rel=1e-5)
    assert rows[1][2] == pytest.approx(1.5 * cosines["b"], rel=1e-5)


def test_later_seeds_of_a_radio_weigh_more(fresh):
    """x goes with a and y with b; the seed that comes last decides."""
    publish_songs(
        fresh,
        {
            "a": ([1, 0], [0, 0, 1]),
            "b": ([0, 1], [0, 0, 1]),
            "x": ([1], [1, 0]),
            "y": ([1], [0, 1]),
        },
        [("a", "x", 0.4), ("b", "y", 0.4)],
    )
    for track_id in "abxy":
        add_track(fresh, track_id)
    query = "select track_id, score from song_radio(%s)"
    assert [row[0] for row in fresh.execute(query, (["a", "b"],))] == ["y", "x"]
    rows = fresh.execute(query, (["b", "a"],)).fetchall()
    assert [row[0] for row in rows] == ["x", "y"]
    last, first = 1 / 2**0.5, 1 / 3**0.5
    length = (last**2 + first**2) ** 0.5
    assert rows[0][1] == pytest.approx(1.5 * last / length + 1, rel=1e-5)
    assert rows[1][1] == pytest.approx(1.5 * first / length + first / last, rel=1e-5)


def test_a_radio_keeps_to_so_many_of_an_artist_and_still_fills(fresh):
    vectors = {f"hit{i}": ([0, 1], [1, i / 1000]) for i in range(600)}
    vectors |= {"a": ([1], [0, 0, 1]), "rare": ([0, 1], [-1]), "seldom": ([0, 1], [-1, 0.1])}
    publish_songs(fresh, vectors)
    for track_id in vectors:
        add_track(fresh, track_id, artist="Everywhere" if track_id.startswith("hit") else track_id)
    query = "select track_id from song_radio(array['a'], n => 4, per_artist => 2)"
    assert [row[0] for row in fresh.execute(query)] == ["hit0", "hit1", "seldom", "rare"]


def test_exactly_n_come_whenever_n_exist(fresh):
    """More than an index gives by itself: 40 rows, or what its own limits stop at."""
    vectors = {f"t{i}": ([1, i], [1, i / 2]) for i in range(1500)}
    publish_songs(fresh, vectors)
    fresh.execute(
        "insert into muse.tracks (track_id) select 't' || i from generate_series(0, 1499) as i"
    )
    fresh.execute("set enable_seqscan = off")
    fresh.execute("set hnsw.max_scan_tuples = 50")
    rows = fresh.execute("select track_id, similarity from similar_songs('t3', 1000)").fetchall()
    assert len({row[0] for row in rows}) == 1000
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)


def test_the_index_is_walked(fresh):
    """The body's query with a variable, as the function has it, at the size of a real model."""
    vectors = {f"t{i}": ([1, i % 97, i % 31], [1, i % 89, i % 37]) for i in range(3000)}
    model_id = publish_songs(fresh, vectors)
    fresh.execute("set plan_cache_mode = force_generic_plan")
    fresh.execute(
        "prepare near(bigint, vector, text, int) as select track_id from muse.song_vectors as v "
        "where v.model_id = $1 and v.track_id <> $3 order by v.context_vector <#> $2 limit $4"
    )
    vector = "[" + ",".join(["1"] * 64) + "]"
    plan = fresh.execute(f"explain execute near({model_id}, '{vector}', 't1', 10)").fetchall()
    assert "Index Scan using song_vectors" in "\n".join(row[0] for row in plan)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("say", ["say my name", "say it", "never say"]),
        ("SAY MY", ["say my name", "never say", "say it"]),
        ("name say", ["say my name"]),
        ("sey my nam", ["say my name"]),
        ("beyonce", ["crazy"]),
        ("destinys", ["say my name"]),
        ("100%", ["100% pure"]),
        ("100_", []),
        ("a_b", ["a_b"]),
        ("\\", ["back\\slash"]),
    ],
)
def test_find_songs(fresh, query, expected):
    for name, artist, places in (
        ("say my name", "Destiny's Child", 9),
        ("say it", "X", 5),
        ("never say", "X", 7),
        ("crazy", "Beyoncé", 1),
        ("100% pure", "Y", 1),
        ("100 years", "Y", 2),
        ("a_b", "Z", 1),
        ("axb", "Z", 9),
        ("back\\slash", "Z", 1),
    ):
        add_track(fresh, name, name=name, artist=artist, places=places)
    assert [
        row[0] for row in fresh.execute("select name from find_songs(%s)", (query,))
    ] == expected


def test_find_songs_uses_its_index_among_many(fresh):
    fresh.execute(
        "insert into muse.tracks (track_id, name) select i, md5(i::text) from generate_series(1, 20000) as i"
    )
    fresh.execute("analyze muse.tracks")
    plan = fresh.execute("explain select from muse.tracks where search like 'abc%'").fetchall()
    assert "tracks_words" in str(plan)


def test_recall_compares_the_index_with_every_row(three):
    assert three.execute("select recall, sample from recall('song_vectors', 2)").fetchall() == [
        (1.0, 4)
    ]


def test_views(fresh):
    fill(fresh, {"one": ["a1", "b1", "a1"], "two": ["a1"]})
    songs_ = fresh.execute("select track_id, name, artist, places from songs order by places desc")
    assert songs_.fetchall() == [("a1", "A1", "a", 3), ("b1", "B1", "b", 1)]
    assert fresh.execute("select * from artists order by artist").fetchall() == [
        ("a", 1, 3),
        ("b", 1, 1),
    ]
    places = fresh.execute(
        "select place, track_id from playlist_tracks order by playlist_id, place"
    )
    assert places.fetchall() == [(1, "a1"), (2, "b1"), (3, "a1"), (1, "a1")]


def test_training_finds_the_two_tastes_and_writes_down_how_well(fresh):
    fill(fresh, two_tastes())
    made = songs.train(fresh, QUICK, songs.Filter(artist_share=1))
    assert (made.playlists, made.tracks) == (120, 40)
    rows = fresh.execute("select left(track_id, 1) from similar_songs('a1', 10)").fetchall()
    assert rows == [("a",)] * 10
    config, metrics = fresh.execute("select config, metrics from models").fetchone()
    assert (config["epochs"], config["filter"]["longest"]) == (3, 119)
    assert metrics["word2vec"]["playlists"] == 12
    assert metrics["word2vec"]["ndcg"] > metrics["popularity"]["ndcg"]


def test_neighbours_are_cosines_of_playlists_shrunk(fresh):
    fill(fresh, {"1": ["a", "b"], "2": ["a", "b", "b"], "3": ["a", "c"], "4": ["c", "d"]})
    songs.train(fresh, QUICK, songs.Filter(artist_share=1))
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
        songs.train(fresh, QUICK, songs.Filter(artist_share=1))
        runs.append(fresh.execute(query).fetchall())
    assert runs[0] == runs[1]


def test_filters_leave_playlists_out(fresh):
    mixed = {f"mixed{i}": ["a1", "b1", f"c{i}"] for i in range(5)}
    fill(fresh, mixed | {"short": ["x"], "long": [f"{i}" for i in range(30)], "one": ["y1", "y2"]})
    made = songs.train(fresh, QUICK, songs.Filter(shortest=2, longest=29))
    assert (made.playlists, made.tracks) == (5, 7)
    assert songs.train(fresh, QUICK, songs.Filter(artist_share=1)).playlists == 8


def test_no_playlists_is_an_error_with_the_command(fresh):
    with pytest.raises(songs.Problem, match="pgmuse load playlists"):
        songs.train(fresh, QUICK)


def test_no_track_in_enough_places_is_an_error_too(fresh):
    fill(fresh, two_tastes(1))
    with pytest.raises(songs.Problem, match="lower --min-count"):
        songs.train(fresh, Settings(epochs=1, min_count=9), songs.Filter(artist_share=1))


def test_a_connection_that_is_lost_ends_the_training(fresh, server, monkeypatch):
    fill(fresh, two_tastes())
    with connect_to_load(dbname="fresh", autocommit=True) as conn:
        corpus = songs.Corpus(conn)
        songs.select(conn, songs.Filter(artist_share=1))
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
    """Poll throughout retrainings, beside a reader that holds its transaction open."""
    size = 400
    fresh.execute(
        "insert into muse.tracks (track_id) select 't' || i from generate_series(0, %s) as i",
        (size,),
    )

    def publish_version(version: int) -> None:
        sign = 1 if version % 2 else -1  # every similarity is +1 or -1, by the model
        publish_songs(fresh, {f"t{i}": ([1], [sign]) for i in range(size)})

    publish_version(1)
    polls, answers, stop = [], set(), threading.Event()

    def poll() -> None:
        with server.connect(dbname="fresh", autocommit=True) as conn:
            conn.execute("set lock_timeout = 200")  # an error, whatever else slows the machine
            while not stop.is_set():
                rows = conn.execute(
                    "select round(similarity::numeric, 3) from similar_songs('t0', 50)"
                ).fetchall()
                polls.append(len(rows))
                answers.add((len(rows), frozenset(rows)))

    pollers = [threading.Thread(target=poll) for _ in range(2)]
    for poller in pollers:
        poller.start()
    with server.connect(dbname="fresh") as holder:
        holder.execute("select count(*) from muse.song_vectors")
        publish_version(2)
    publish_version(3)
    stop.set()
    for poller in pollers:
        poller.join()
    assert len(polls) > 50
    assert all(len(kinds) == 1 and count == 50 for count, kinds in answers)
    assert len(answers) == 2


def test_a_loader_role_loads_trains_and_forgets_without_more_rights(fresh):
    fresh.execute("set role muse_loader")
    fill(fresh, two_tastes(5))
    songs.train(fresh, QUICK, songs.Filter(artist_share=1))
    songs.train(fresh, QUICK, songs.Filter(artist_share=1))
    assert fresh.execute("select count(*) from similar_songs('a1', 5)").fetchone() == (5,)
    assert forget_playlists(fresh, "playlist", "a1") == {"playlists": 1, "tracks": 0}
    assert forget_source(fresh, "test") == {"playlists": 9, "tracks": 40}
    assert fresh.execute("select count(*) from song_vectors").fetchone() == (0,)


def test_timeouts_end_the_search_functions(fresh, server):
    publish_songs(fresh, {f"t{i}": ([1], [1, i]) for i in range(2000)})
    with connect_to_load(dbname="fresh", autocommit=True) as conn:
        conn.execute("set statement_timeout = 100")
        with cpu.used_by(conn) as used:
            with pytest.raises(psycopg.errors.QueryCanceled):
                conn.execute("select * from recall('song_vectors', 1000, 10000)")
            assert used() < 0.6


def test_few_tracks_are_thinned_less():
    samples = [for_size(Settings(), tracks).sample for tracks in (0, 125, 12_500, 10**6)]
    assert samples == pytest.approx([1.25, 0.01, 1e-4, 1e-4])
    assert for_size(Settings(sample=0), 9).sample == 0


def test_measures_by_hand():
    assert measure(["x", "h", "y"], {"h"}) == (0.0, pytest.approx(0.6309, abs=1e-4), 1.0, 0.0)
    assert measure(["x"] * 12 + ["h"], {"h", "g"})[3] == 1.0
    assert measure(["x"], {"h"}) == (0.0, 0.0, 0.0, 51.0)


# Case, whatever the database's language -------------------------------------------------------


@pytest.mark.parametrize(
    "locale", ["locale_provider icu icu_locale 'tr' locale 'C.UTF-8'", "locale 'C'"]
)
def test_case_is_folded_alike_in_every_database(server, locale):
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute(f"create database folded template template0 encoding 'UTF8' {locale}")
    use(server, "folded")
    try:
        migrate(with_python=False)
        with server.connect(dbname="folded", autocommit=True) as conn:
            for name in ("ISTANBUL Nights", "Ещё ОДИН", "Édith", "Straße"):
                add_track(conn, name, name=name)
            for query in ("istanbul", "ISTANBUL", "İstanbul", "ещё", "ОДИН", "один", "édith",
                          "EDITH", "STRAße"):  # fmt: skip
                rows = "select count(*) from muse.find_songs(%s)"
                assert conn.execute(rows, (query,)).fetchone() == (1,), query
    finally:
        use(server)
        with server.connect(dbname="postgres", autocommit=True) as admin:
            admin.execute("drop database folded with (force)")
