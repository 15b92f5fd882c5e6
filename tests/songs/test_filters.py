"""Filters of song search: exclude, only and unlike; seeds by any spelling."""

import psycopg
import pytest

from loaders.songs.formats import Playlist, Track
from loaders.songs.load import load_entries
from tests.factories.rows import index_any_size, publish_songs
from tests.servers import postgres

CALLS = ["similar_songs('a', {})", "song_radio(array['a'], {})"]


@pytest.fixture
def notices(songs):
    lines: list[str] = []
    songs.add_notice_handler(lambda notice: lines.append(notice.message_primary))
    return lines


@pytest.fixture
def songs(letters):
    with letters() as conn:
        yield conn


@pytest.fixture(scope="module")
def letters(server):
    with postgres.filled(server, "letters", fill_letters) as connect:
        yield connect


def fill_letters(conn):
    """Track a, and others that are less similar to it the later they come: b, c, d, e, f.

    e and f are one work: only the first of them is in an answer.
    """
    tracks = [
        Track("a", "First Song", "Zoë"),
        Track("b", "Second", "Ann", "id1"),
        Track("c", "Third", "Ann", "id1"),
        Track("d", "Don't Stop - Live", "AC/DC"),
        Track("e", "Twice", "Bob"),
        Track("f", "TWICE", "bob"),
    ]
    lists = [Playlist("one", "one", tracks), Playlist("two", "two", [tracks[i] for i in (2, 4, 4)])]
    load_entries(conn, "test", lists)
    vectors = {"a": ([1, 0], [0, 0, 1])}
    vectors |= {track: ([0, 1, i], [1, i / 4]) for i, track in enumerate("bcdef")}
    publish_songs(conn, vectors)


def ids(conn, call: str) -> str:
    return "".join(row[0] for row in conn.execute(f"select track_id from {call}"))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("n => 3", "bcd"),
        ("exclude => array['b', 'd']", "ce"),
        ("exclude => array['ann']", "de"),
        ("exclude => array['id1']", "de"),
        ("exclude => array['BOB']", "bcd"),
        ("exclude => array['bob: twice', 'bob - Twice']", "bcd"),
        ("exclude => array['acdc – dont stop (live)']", "bce"),
        ("exclude => array['two#']", "bcde"),
        ("exclude => '{}'", "bcde"),
        ("exclude => null", "bcde"),
        ("exclude => array['a', null]", "bcde"),
        ("\"only\" => array['e', 'c']", "ce"),
        ("\"only\" => array['Ann', 'd']", "bcd"),
        ("\"only\" => array['Ann', 'd'], n => 1", "b"),
        ("\"only\" => array['Ann', 'd'], exclude => array['b']", "cd"),
        ("\"only\" => array['a']", ""),
        ("\"only\" => '{}'", ""),
        ('"only" => array[null]', ""),
        ('"only" => null', "bcde"),
        ("\"only\" => (select array[identity] from playlists where title = 'two')", "ce"),
        ("exclude => (select array[identity] from playlists where title = 'two')", "bdf"),
        ("unlike => array['b']", "cde"),
        ("unlike => '{}'", "bcde"),
    ],
)
def test_filters(songs, call, filters, expected):
    assert ids(songs, call.format(filters)) == expected


@pytest.mark.parametrize("call", CALLS)
def test_filters_name_what_they_do_not_know(songs, notices, call):
    ids(songs, call.format("exclude => array['nobody', 'b', null], \"only\" => array['nix']"))
    assert notices == [
        "no track, artist or playlist of exclude is named: nobody, null",
        "no track, artist or playlist of only is named: nix",
    ]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ("exclude => array_fill('x'::text, array[10001])", "exclude has more than 10000 elements"),
        ("\"only\" => array_fill('x'::text, array[10001])", "only has more than 10000 elements"),
        ("unlike => array_fill('x'::text, array[1001])", "unlike has more than 1000 elements"),
        ("unlike => array['a']", "a is a seed and also in unlike"),
        ("unlike => array['ZOE - first song']", "a is a seed and also in unlike"),
        ("exclude => array[repeat('x', 10001)]", "an element of exclude is longer"),
    ],
)
def test_filters_are_bounded(songs, call, filters, message):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=message):
        ids(songs, call.format(filters))


@pytest.mark.parametrize(
    ("words", "track_id"),
    [
        ("a", "a"),
        ("Zoë - First Song", "a"),
        ("ZOE – first   song!", "a"),
        ("First Song - Zoe", "a"),
        ("zoe-first song", "a"),
        ("AC DC - Dont Stop - Live", "d"),
        ("ac-dc - don't stop (live)", "d"),
        ("first song", None),
        ("nobody - nothing", None),
        ("", None),
        (None, None),
    ],
)
def test_a_track_is_found_by_id_and_by_artist_and_title(songs, words, track_id):
    assert songs.execute("select one_track(%s)", (words,)).fetchone() == (track_id,)


@pytest.mark.parametrize(
    "call", ["similar_songs('Bob - twice')", "song_radio(array['a', 'Bob - twice'])"]
)
def test_where_several_tracks_fit_the_error_lists_them(songs, call):
    with pytest.raises(psycopg.errors.InvalidParameterValue) as caught:
        ids(songs, call)
    assert caught.value.diag.message_primary == (
        "2 tracks fit Bob - twice, give the id of one: "
        "e (Bob - Twice, 3 places), f (bob - TWICE, 1 places)"
    )
    assert caught.value.diag.message_hint == "the most played is e"


def test_seeds_by_name_answer_as_their_ids(songs):
    by_id = songs.execute("select * from similar_songs('a')").fetchall()
    assert songs.execute("select * from similar_songs('ZOE – first song')").fetchall() == by_id
    by_id = songs.execute("select * from song_radio(array['a', 'b'])").fetchall()
    by_name = "select * from song_radio(array['zoe - first song', 'Ann - Second'])"
    assert songs.execute(by_name).fetchall() == by_id


def test_unlike_moves_away_from_a_track(fresh):
    """x is beside the seed and the disliked track, y a little less beside the seed alone."""
    publish_songs(
        fresh,
        {
            "seed": ([1, 1], [0, 0, 1]),
            "bad": ([0, 1], [0, 0, 1]),
            "x": ([1], [0.5, 1]),
            "y": ([1], [1, 0.4]),
        },
    )
    fresh.execute("insert into muse.tracks (track_id) values ('seed'), ('bad'), ('x'), ('y')")
    for call in ("similar_songs('seed', unlike => {})", "song_radio(array['seed'], unlike => {})"):
        assert ids(fresh, call.format("'{}'"))[:1] == "x"
        assert ids(fresh, call.format("array['bad']")) == "yx"


def test_artists_are_seeds_too(songs, notices):
    """Bob's tracks have the inputs [0, 1, 3] and [0, 1, 4]; nothing of them is left out."""
    assert set(ids(songs, "song_radio(artists => array['bob'])")) == set("abcdf")
    mixed = "song_radio(array['b'], artists => array['bob', 'nobody'], exclude => array['a'])"
    assert set(ids(songs, mixed)) == set("cdf")
    assert notices == ["left out, not in the live model: nobody"]
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="or name artists"):
        ids(songs, "song_radio()")


def many(conn, size: int = 3000) -> None:
    index_any_size(conn)
    publish_songs(conn, {f"t{i}": ([1, i % 97], [1, i % 89, i % 31]) for i in range(size)})
    conn.execute(
        "insert into muse.tracks (track_id, artist, name) "
        "select 't' || i, 'artist ' || i %% 500, 'title ' || i from generate_series(0, %s) as i",
        (size - 1,),
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "call", ["similar_songs('t0', {})", "song_radio(array['t0'], per_artist => 9, {})"]
)
def test_exactly_n_come_under_selective_filters(fresh, call):
    many(fresh)
    fresh.execute("set hnsw.max_scan_tuples = 50")
    fresh.execute("set enable_sort = off")  # the planner prefers the vector index
    fresh.execute("set enable_seqscan = off")
    query = "select track_id, artist from " + call
    few = "array(select 't' || i from generate_series(1, 2401, 218) as i)"
    assert len(fresh.execute(query.format(f'n => 12, "only" => {few}')).fetchall()) == 12
    rest = "array(select 'artist ' || i from generate_series(0, 498) as i)"
    rows = fresh.execute(query.format(f"n => 6, exclude => {rest}")).fetchall()
    assert [row[1] for row in rows] == ["artist 499"] * 6


@pytest.mark.long
def test_statement_timeout_ends_a_call(fresh):
    many(fresh)
    fresh.execute("set role muse_reader")
    fresh.execute("set statement_timeout = 20")
    with pytest.raises(psycopg.errors.QueryCanceled):
        fresh.execute("select * from song_path('t0', 't1', 1000, 1000)")


def test_a_reader_may_use_every_argument(songs):
    songs.execute("set role muse_reader")
    filters = """exclude => array['bob'], "only" => array['ann', 'd', 'e'], unlike => array['b']"""
    assert ids(songs, f"similar_songs('zoe - first song', 5, {filters})") == "cd"
    radio = f"song_radio(array['a'], 5, 2, {filters}, artists => array['ann'])"
    assert ids(songs, radio) == "cd"
    assert ids(songs, "song_path('a', 'Ann - Third', 3)") in ("abc", "adc", "aec", "afc")


# song_path -------------------------------------------------------------------------------


@pytest.fixture
def circle(arc):
    with arc() as conn:
        yield conn


@pytest.fixture(scope="module")
def arc(server):
    with postgres.filled(server, "arc", fill_arc) as connect:
        yield connect


def fill_arc(conn):
    """Tracks on an arc of ten steps; a context vector is the input vector of the next half step."""
    from math import cos, pi, sin

    vectors = {
        f"s{i:02}": (
            [cos(i * pi / 40), sin(i * pi / 40)],
            [cos((i + 0.2) * pi / 40), sin((i + 0.2) * pi / 40)],
        )
        for i in range(21)
    }
    publish_songs(conn, vectors)
    conn.execute(
        "insert into muse.tracks (track_id, name, artist) "
        "select format('s%s', lpad(i::text, 2, '0')), 'n' || i, 'by ' || i / 3 "
        "from generate_series(0, 20) as i"
    )


def test_a_path_leads_from_one_track_to_the_other(circle):
    rows = circle.execute("select * from song_path('s00', 'by 6 - n20', n => 6)").fetchall()
    names = [row[1] for row in rows]
    assert [row[0] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert (names[0], names[-1]) == ("s00", "s20")
    assert names == sorted(names)
    assert len(set(names)) == 6
    assert rows[0][4] is None
    assert min(row[4] for row in rows[1:]) > 0.7


def test_a_path_has_n_tracks_once_each_as_long_as_there_are_some(circle):
    for n, rows in ((2, 2), (3, 3), (21, 21), (1000, 21)):
        path = circle.execute(
            "select track_id from song_path('s00', 's20', %s, 1000)", (n,)
        ).fetchall()
        assert len(set(path)) == len(path) == rows
    capped = circle.execute(
        "select max(count) from (select count(*) from song_path('s00', 's20', 12, 2) "
        "group by artist) as counted"
    )
    assert capped.fetchone() == (2,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'s00', 's20', 1", "n must be from 2 to 1000, not 1"),
        ("'s00', 's20', per_artist => 0", "per_artist must be"),
        ("'s00', 'by 0 - N0'", "from and to are the same track, s00"),
    ],
)
def test_a_path_checks_its_arguments(circle, arguments, message):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=message):
        circle.execute(f"select * from song_path({arguments})")


def test_a_path_to_an_unknown_track_has_no_rows_and_a_notice(circle):
    lines: list[str] = []
    circle.add_notice_handler(lambda notice: lines.append(notice.message_primary))
    assert circle.execute("select * from song_path('s00', 'nix')").fetchall() == []
    assert circle.execute("select * from song_path(null, 'nix')").fetchall() == []
    assert lines == [
        "left out, not in the live model: nix",
        "left out, not in the live model: nix, null",
    ]


def test_a_step_of_a_path_is_near_the_track_before(fresh):
    """Both tracks between have the same distance to the middle."""
    vectors = {"from": ([1], [0, 0, 1]), "to": ([0, 1], [0, 0, 1])}
    vectors |= {"a": ([1], [0.9, 1]), "z": ([1], [1, 0.9])}
    publish_songs(fresh, vectors)
    fresh.execute("insert into muse.tracks (track_id) values ('from'), ('to'), ('a'), ('z')")
    assert fresh.execute("select track_id from song_path('from', 'to', 3)").fetchall() == [
        ("from",), ("z",), ("to",),
    ]  # fmt: skip
    assert ids(fresh, "song_path('to', 'from', 3)") == "toafrom"
