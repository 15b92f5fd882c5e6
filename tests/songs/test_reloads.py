"""A source that an earlier version of the loader stored is loaded again, and nothing of it stays."""

from loaders.core.topics import StoredSource
from loaders.songs import TOPIC
from loaders.songs.load import load
from loaders.songs.refresh import refresh
from tests.factories.playlist_files import m3u
from tests.factories.rows import publish_songs

STREAM = "http://nas/rest/stream?id=1&t=secret"
OLD_ROWS = """
    update tracks set track_id = %(old)s where track_id = %(new)s;
    update playlists set
        track_ids = array_replace(track_ids, %(new)s, %(old)s), content_hash = decode(repeat('0a', 16), 'hex');
    update sources set version = 1;
"""
PLACES = "select track_id, places from tracks order by 1"


def loaded_by_version_1(conn, write) -> str:
    """A list of two streams and a song, stored with the address of the streams as their id."""
    lines = f"#EXTM3U\n#EXTINF:1,Queen - One\n{STREAM}\n" * 2 + "#EXTINF:1,A - B\nb.mp3\n"
    path = write("list.m3u", lines.encode())
    load(conn, path)
    values = {"old": f"'{STREAM}'", "new": "'queen - one'"}
    conn.execute(OLD_ROWS % values)
    assert conn.execute(PLACES).fetchall() == [("a - b", 1), (STREAM, 2)]
    return path


def refreshed(conn, path: str):
    (source_id,) = conn.execute(
        "select source_id from sources where location = %s", (path,)
    ).fetchone()
    return refresh(conn, StoredSource(source_id, path, {}))


def test_a_reload_replaces_the_ids_of_an_earlier_version(fresh, write):
    path = loaded_by_version_1(fresh, write)
    fresh.execute("insert into topics values ('songs', %s) on conflict (topic) do update set version = excluded.version",
                  (TOPIC.version,))  # fmt: skip
    fresh.execute(
        "insert into samples (kind, model_id, seed, parameters, result) values "
        "('radio', null, 0, jsonb_build_object('seeds', jsonb_build_array(%s::text)), '[]')",
        (STREAM,),
    )
    assert refreshed(fresh, path).written == 1
    assert fresh.execute(PLACES).fetchall() == [("a - b", 1), ("queen - one", 2)]
    assert fresh.execute("select from samples").fetchall() == []
    assert fresh.execute("select version from sources").fetchone() == (TOPIC.version,)
    assert refreshed(fresh, path).is_unchanged


def test_a_track_of_the_live_model_stays_until_the_next_training(fresh, write):
    path = loaded_by_version_1(fresh, write)
    publish_songs(fresh, {STREAM: ([1], [1]), "a - b": ([1], [1])})
    load(fresh, path)
    assert fresh.execute(PLACES).fetchall() == [("a - b", 1), (STREAM, 0), ("queen - one", 2)]
    assert fresh.execute("select track_id from similar_songs('a - b')").fetchall() == [(STREAM,)]
    publish_songs(fresh, {"a - b": ([1], [1])})
    TOPIC.retrain(fresh)
    assert fresh.execute(PLACES).fetchall() == [("a - b", 1), ("queen - one", 2)]


def test_a_track_that_leaves_its_last_playlist_leaves(fresh, write):
    path = write("list.m3u", m3u("A - 1", "A - 2"))
    load(fresh, path)
    other = write("other.m3u", m3u("A - 2"))
    load(fresh, other)
    write("list.m3u", m3u("A - 3"))
    load(fresh, path)
    assert fresh.execute(PLACES).fetchall() == [("a - 2", 1), ("a - 3", 1)]
