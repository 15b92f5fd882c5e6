"""Which playlist is which: files of one name, copies, packed twins, moved files, streams."""

import gzip
import io
import os
import shutil
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic import command
from psycopg import conninfo

from loaders.admin.forget import forget_source
from loaders.admin.migrate import alembic_config, migrate
from loaders.admin.refresh import refresh
from loaders.core import db
from loaders.core.errors import Problem
from loaders.songs.load import load
from tests.factories.loads import load_files
from tests.factories.playlists import IDS, places, slice_of

STORED = "select identity, title, places from playlists order by identity"


def m3u(*songs: str, title: str | None = None) -> bytes:
    """An M3U of songs that are written `Artist - Title`."""
    lines = [f"#EXTINF:180,{song}\n{number}.mp3" for number, song in enumerate(songs)]
    return "\n".join(["#EXTM3U", *([f"#PLAYLIST:{title}"] if title else []), *lines]).encode()


@pytest.fixture
def write(tmp_path):
    """Write a file at a path below a folder; its path."""

    def write(name: str, content: bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    return write


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def stored(conn) -> list[tuple[str, str, int]]:
    places(conn)  # the counts agree
    return conn.execute(STORED).fetchall()


@pytest.mark.parametrize("workers", [1, 4])
def test_files_of_one_name_in_many_folders_are_all_kept(fresh, write, workers):
    paths = [write(f"folder {n}/best.m3u", m3u(f"A - {n}", f"B - {n}")) for n in range(8)]
    assert load_files(fresh, paths, workers=workers)
    assert stored(fresh) == [(f"{path}#best", "best", 2) for path in paths]
    write("folder 3/best.m3u", m3u("A - 3", "B - 3", "C - 3"))
    assert load(fresh, paths[3]).written == 1
    assert [count for *_, count in stored(fresh)] == [2, 2, 2, 3, 2, 2, 2, 2]


def test_members_of_one_name_in_several_archives_are_all_kept(fresh, write):
    one = write("one.zip", zipped({"a/best.m3u": m3u("A - 1"), "b/best.m3u": m3u("A - 2")}))
    two = write("two.zip", zipped({"a/best.m3u": m3u("A - 3")}))
    assert load_files(fresh, [one, two], workers=2)
    assert [identity for identity, *_ in stored(fresh)] == [
        f"{one}/a/best.m3u#best", f"{one}/b/best.m3u#best", f"{two}/a/best.m3u#best",
    ]  # fmt: skip


def test_copies_of_a_file_are_stored_once(fresh, write):
    content = slice_of([IDS[1]], [IDS[2]])
    copies = {
        "mpd.json": content,
        "copy/mpd.json": content,
        "packed/mpd.json.gz": gzip.compress(content),
        "all.zip": zipped({"data/mpd.json": content}),
    }
    paths = [write(name, content) for name, content in copies.items()]
    assert load_files(fresh, paths, workers=4)
    assert len(stored(fresh)) == 2
    assert load(fresh, write("other.json", content)).written == 2  # another name


def test_a_copy_that_is_left_behind_comes_back(fresh, write):
    original, copy = write("a/x.m3u", m3u("A - 1")), write("b/x.m3u", m3u("A - 1"))
    for path in (original, copy):
        load(fresh, path)
    write("a/x.m3u", m3u("A - 2"))
    assert load(fresh, original).written == 1
    assert load(fresh, copy).written == 1  # read again, though the file did not change
    assert [identity for identity, *_ in stored(fresh)] == [f"{original}#x", f"{copy}#x"]
    assert load(fresh, copy).is_unchanged


def test_a_source_that_is_forgotten_leaves_what_others_hold(fresh, write):
    original, copy = write("a/x.m3u", m3u("A - 1")), write("b/x.m3u", m3u("A - 1"))
    for path in (original, copy):
        load(fresh, path)
    forget_source(fresh, original)
    assert refresh(fresh, "playlists")
    assert [identity for identity, *_ in stored(fresh)] == [f"{copy}#x"]


@pytest.mark.parametrize("to", ["b/x.m3u", "b/x.m3u.gz"])
def test_a_file_that_was_moved_or_packed_is_not_there_twice(fresh, write, tmp_path, to):
    old = write("a/x.m3u", m3u("A - 1"))
    load(fresh, old)
    before = fresh.execute("select playlist_id from playlists").fetchall()
    shutil.rmtree(tmp_path / "a")
    packed = gzip.compress if to.endswith(".gz") else bytes
    new = write(to, packed(m3u("A - 1")))
    assert load(fresh, new).unchanged == 1
    assert [identity for identity, *_ in stored(fresh)] == [f"{new}#x"]
    write(to, packed(m3u("A - 1", "A - 2")))
    assert load(fresh, new).written == 1
    assert fresh.execute("select playlist_id from playlists").fetchall() == before


def test_an_address_is_the_same_playlist_from_any_file(fresh, write):
    xspf = (
        '<playlist xmlns="http://xspf.org/ns/0/"><title>T</title>'
        "<identifier>https://example.org/p/1</identifier>"
        "<trackList><track><title>{}</title></track></trackList></playlist>"
    )
    load(fresh, write("a/x.xspf", xspf.format("one").encode()))
    load(fresh, write("b/x.xspf", xspf.format("two").encode()))
    assert stored(fresh) == [("https://example.org/p/1", "T", 1)]


def test_streams_without_a_name_do_not_replace_one_another(fresh, monkeypatch):
    def pipe(content: bytes):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        return load(fresh, "-")

    for song in ("A - 1", "A - 2", "A - 1"):
        pipe(m3u(song))
    assert len(stored(fresh)) == 2
    pipe(m3u("A - 3", title="Mine"))
    pipe(m3u("A - 4", title="Mine"))
    assert ("standard input#Mine", "Mine", 1) in stored(fresh)
    assert len(stored(fresh)) == 3


def test_a_path_of_any_length_is_an_identity(fresh, tmp_path):
    folder = tmp_path.joinpath(*["é" * 100] * 9)
    paths = [folder / name / "x.m3u" for name in "ab"]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True)
        path.write_bytes(m3u(f"A - {number}", title="t" * 990))
        assert load(fresh, str(path)).written == 1
    assert len(stored(fresh)) == 2


def test_two_workers_at_once_store_a_copy_once(fresh, write):
    content = slice_of(*[[IDS[i], IDS[i + 1]] for i in range(100)])
    paths = [write(f"{n}/mpd.json", content) for n in range(6)]
    start = threading.Barrier(len(paths))

    def work(path: str) -> None:
        with db.connect_to_load(dbname="fresh", autocommit=True) as conn:
            start.wait()
            load(conn, path)

    workers = [threading.Thread(target=work, args=(path,)) for path in paths]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(stored(fresh)) == 100
    (copies,) = fresh.execute("select distinct cardinality(copies) from playlists").fetchone()
    assert copies == len(paths) - 1


# What holds no playlist ------------------------------------------------------------------------

HTML = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"


@pytest.mark.parametrize(
    ("name", "content", "seems"),
    [
        ("a.json", b'{"playlists": []}', "JSON"),
        ("a.json", b'{"entities": {}}', "JSON"),
        ("a.json", HTML, "an HTML page"),
        ("a.m3u", b"#EXTM3U\n", "plain text"),
        ("a.csv", b"playlist,track\n", "plain text"),
        ("a.json.gz", gzip.compress(HTML), "an HTML page"),
        ("a.zip", zipped({"readme.txt": b"hello"}), "an archive without a playlist"),
        ("a.zip", zipped({"a.m3u": b"#EXTM3U\n#EXTINF:1,x\n"}), "an archive without a playlist"),
    ],
)
def test_a_file_without_a_playlist_fails_and_changes_nothing(fresh, write, name, content, seems):
    good = {"a.json": slice_of([IDS[1]]), "a.csv": b"playlist,track\nx,y\n", "a.m3u": m3u("A - 1")}
    good |= {"a.json.gz": good["a.json"], "a.zip": zipped({"a.m3u": good["a.m3u"]})}
    path = write(name, good[name])
    load(fresh, path)
    before = fresh.execute("select * from playlists").fetchall()
    fingerprint = fresh.execute("select fingerprint from sources").fetchone()
    write(name, content)
    assert not load_files(fresh, [path], workers=1)
    assert fresh.execute("select * from playlists").fetchall() == before
    assert fresh.execute("select fingerprint from sources").fetchone() == fingerprint
    status, message = fresh.execute(
        "select status, message from loads order by run_id desc limit 1"
    ).fetchone()
    assert status == "failed"
    assert f"it seems to be {seems}" in message
    assert fresh.execute("select count(*) from load_errors").fetchone()[0] > 0
    assert not refresh(fresh, "playlists")


def test_reasons_of_a_file_that_fails_are_kept_by_line(fresh, write):
    bad = (
        b'playlist,track,artist\nx,one,A\n,two,B\nx,"' + b"t" * 2000 + b'",C\nx,"open,D\nx,five,E\n'
    )
    loaded = load(fresh, write("a.csv", bad))
    assert (loaded.written, len(loaded.failures)) == (0, 1)
    places_ = fresh.execute("select place from load_errors order by number").fetchall()
    assert places_ == [("line 3",), ("line 4",), ("file",)]
    assert fresh.execute("select bad from loads").fetchone() == (3,)


def test_reasons_survive_an_error_of_the_database(fresh, write):
    fresh.execute(
        "create function public.refuse() returns trigger language plpgsql as "
        "$$ begin raise exception 'disk full'; end $$"
    )
    fresh.execute(
        "create trigger refuse before insert on muse.tracks execute function public.refuse()"
    )
    with pytest.raises(Exception, match="disk full"):
        load(fresh, write("a.csv", b"playlist,track\n,one\nx,two\n"))
    assert fresh.execute("select place from load_errors").fetchall() == [("line 2",)]
    assert fresh.execute("select status, message from loads").fetchone()[0] == "failed"


def test_a_folder_is_still_no_playlist(fresh, tmp_path):
    with pytest.raises(Problem, match="name the files in it"):
        load(fresh, str(tmp_path))


# The revision -----------------------------------------------------------------------------------

OLD = """
    with source as (
        insert into muse.sources (topic, location) values ('playlists', %s)
        on conflict (topic, location) do update set topic = excluded.topic returning source_id
    )
    insert into muse.playlists (source_id, identity, title, content_hash, track_ids)
    select source_id, %s, 't', decode(repeat('0a', 16), 'hex'), array['x'] from source
"""


def test_the_revision_completes_identities(empty):
    config = alembic_config(conninfo.make_conninfo(**db.conninfo()))
    command.upgrade(config, "0011")
    rows = {
        ("/m/a.m3u", "a.m3u#My :// mix"): "/m/a.m3u#My :// mix",
        ("/m/a.json.gz", "a.json#0"): "/m/a.json.gz#0",
        ("/m/all.zip", "a.json#1"): "/m/all.zip/a.json#1",
        ("/m/all.zip", "x/b.json#1"): "/m/all.zip/x/b.json#1",
        ("/m/b.xspf", "https://example.org/p#1"): "https://example.org/p#1",
        ("/m/c.csv", "spotify:playlist:1"): "spotify:playlist:1",
        ("/" + "d" * 3000 + ".m3u", "d.m3u#1"): "d.m3u#1",
        ("standard input", "standard input#T"): "standard input#T",
        ("standard input", "standard input#untitled"): "standard input#untitled:" + "0a" * 16,
        ("sample: billboard", "billboard#2000-01-01"): "billboard#2000-01-01",
    }
    for row in rows:
        empty.execute(OLD, row)
    migrate()
    identities = empty.execute("select identity, file_key from muse.playlists").fetchall()
    assert {identity for identity, _ in identities} == set(rows.values())
    assert dict(identities)["/m/all.zip/x/b.json#1"] == "b.json#1"
    assert dict(identities)["https://example.org/p#1"] is None


def test_a_member_that_was_loaded_before_the_revision_is_updated(fresh, write):
    path = write("all.zip", zipped({"data/a.m3u.gz": gzip.compress(m3u("A - 1"))}))
    load(fresh, path)
    fresh.execute("update playlists set identity = %s", (f"{path}/a.m3u#a",))
    write("all.zip", zipped({"data/a.m3u.gz": gzip.compress(m3u("A - 2"))}))
    assert load(fresh, path).written == 1
    assert stored(fresh) == [(f"{path}/data/a.m3u.gz#a", "a", 1)]


def test_a_file_that_comes_back_is_read_again(fresh, write):
    one, other = write("disk/mix.m3u", m3u("A - old")), write("home/mix.m3u", m3u("A - old"))
    load(fresh, one)
    disk = Path(one).parent
    disk.rename(disk.with_name("unmounted"))
    load(fresh, other)
    write("home/mix.m3u", m3u("A - new", "A - newer"))
    load(fresh, other)
    disk.with_name("unmounted").rename(disk)
    assert refresh(fresh, "playlists")
    assert [(path, count) for path, _, count in stored(fresh)] == [
        (f"{one}#mix", 1), (f"{other}#mix", 2),
    ]  # fmt: skip


def test_pipes_of_one_name_do_not_replace_one_another(fresh, tmp_path):
    for number in range(2):
        pipe = tmp_path / str(number) / "pipe"
        pipe.parent.mkdir()
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=(m3u(f"A - {number}"),))
        writer.start()
        assert load(fresh, str(pipe)).written == 1
        writer.join()
    assert len(stored(fresh)) == 2
    assert refresh(fresh, "playlists")  # a pipe is no file that is gone
