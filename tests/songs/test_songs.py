"""Similar songs and song radio in SQL."""

import psycopg
import pytest

from loaders.admin.migrate import migrate
from loaders.core.db import connect_to_load
from tests.factories import processor_time as cpu
from tests.factories.playlists import fill
from tests.factories.rows import add_track, index_any_size, publish_songs
from tests.servers.postgres import use


@pytest.fixture
def three(fresh):
    """Track a is similar to b, less to c, and not to d."""
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
    notices = []
    three.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    assert three.execute("select * from similar_songs('nobody knows')").fetchall() == []
    assert three.execute("select * from song_radio(array['a', 'nobody knows'])").rowcount == 3
    assert three.execute("select * from song_radio(array['nobody', null])").fetchall() == []
    assert notices == [
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
        ("recall('pg_authid')", "no vector index on a table pg_authid"),
        ("recall('song_vectors', 5, 0)", "sample must be"),
    ],
)
def test_other_arguments_are_checked_too(three, call, message):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=message):
        three.execute(f"select * from {call}")


def test_a_radio_blends_vectors_and_neighbours_and_leaves_seeds_out(three):
    rows = three.execute("select place, track_id, score from song_radio(array['a'])").fetchall()
    assert [row[:2] for row in rows] == [(1, "c"), (2, "b"), (3, "d")]  # c is a neighbour too
    cosines = dict(three.execute("select track_id, similarity from similar_songs('a')"))
    assert rows[0][2] == pytest.approx(1.5 * cosines["c"] + 1, rel=1e-5)
    assert rows[1][2] == pytest.approx(1.5 * cosines["b"], rel=1e-5)


def test_later_seeds_of_a_radio_weigh_more(fresh):
    """x is similar to a, and y to b; the last seed has the larger weight."""
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


@pytest.mark.long
def test_a_radio_keeps_to_so_many_of_an_artist_and_still_fills(fresh):
    vectors = {f"hit{i}": ([0, 1], [1, i / 1000]) for i in range(600)}
    vectors |= {"a": ([1], [0, 0, 1]), "rare": ([0, 1], [-1]), "seldom": ([0, 1], [-1, 0.1])}
    publish_songs(fresh, vectors)
    for track_id in vectors:
        add_track(fresh, track_id, artist="Everywhere" if track_id.startswith("hit") else track_id)
    query = "select track_id from song_radio(array['a'], n => 4, per_artist => 2)"
    assert [row[0] for row in fresh.execute(query)] == ["hit0", "hit1", "seldom", "rare"]


@pytest.mark.long
def test_exactly_n_come_whenever_n_exist(fresh):
    """More rows than the default limits of an index scan allow (40)."""
    vectors = {f"t{i}": ([1, i], [1, i / 2]) for i in range(1500)}
    index_any_size(fresh)
    publish_songs(fresh, vectors)
    fresh.execute(
        "insert into muse.tracks (track_id) select 't' || i from generate_series(0, 1499) as i"
    )
    fresh.execute("set enable_seqscan = off")
    fresh.execute("set hnsw.max_scan_tuples = 50")
    rows = fresh.execute("select track_id, similarity from similar_songs('t3', 1000)").fetchall()
    assert len({row[0] for row in rows}) == 1000
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)


def test_small_libraries_are_scanned_exactly(fresh):
    publish_songs(fresh, {f"t{i}": ([1, i % 97], [1, i % 89]) for i in range(50)})
    indexes = "select from pg_indexes where tablename ~ '^song_vectors_' and indexdef ~ 'hnsw'"
    assert fresh.execute(indexes).rowcount == 0


def test_where_nothing_is_likelier_than_chance_a_notice_says_so(three):
    lines = []
    three.add_notice_handler(lambda notice: lines.append(notice.message_primary))
    curve = '{"lift": {"similarity": [0.1, 0.5], "lift": [0.2, 3]}}'
    three.execute("update models set config = %s", (curve,))
    lifts = three.execute("select lift from similar_songs('a')").fetchall()
    assert ([round(lift, 2) for (lift,) in lifts], lines) == ([3, 3, 0.2], [])
    three.execute("update models set config = replace(config::text, '3', '0.9')::jsonb")
    assert three.execute("select lift from similar_songs('b')").fetchone()[0] < 1
    assert lines == ["nothing stands with b more often than by chance"]


def test_without_a_measured_lift_a_negative_best_cosine_gives_the_notice(fresh):
    publish_songs(fresh, {"a": ([1, 0], [1, 0]), "b": ([0, 1], [-1, 0.1])})
    for track_id in "ab":
        add_track(fresh, track_id)
    lines = []
    fresh.add_notice_handler(lambda notice: lines.append(notice.message_primary))
    assert fresh.execute("select lift from similar_songs('a')").fetchall() == [(None,)]
    assert lines == ["nothing stands with a more often than by chance"]


@pytest.mark.long
def test_the_index_is_walked(fresh):
    """The query of the function's body with a variable, at the size of a real model."""
    vectors = {f"t{i}": ([1, i % 97, i % 31], [1, i % 89, i % 37]) for i in range(3000)}
    index_any_size(fresh)
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


@pytest.mark.long
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


def test_timeouts_end_the_search_functions(fresh, server):
    publish_songs(fresh, {f"t{i}": ([1], [1, i]) for i in range(2000)})
    with connect_to_load(dbname="fresh", autocommit=True) as conn:
        conn.execute("set statement_timeout = 100")
        with cpu.used_by(conn) as used:
            with pytest.raises(psycopg.errors.QueryCanceled):
                conn.execute("select * from recall('song_vectors', 1000, 10000)")
            assert used() < 0.6


@pytest.mark.long
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
