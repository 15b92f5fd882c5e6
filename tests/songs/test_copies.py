"""Identities of playlists: files of one name, copies, moved files, addresses, pipes."""

import gzip
import io
import os
import shutil
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from loaders.admin.forget import forget_source
from loaders.admin.refresh import refresh
from loaders.core import db
from loaders.songs.load import load
from tests.factories.loads import load_files
from tests.factories.playlist_files import m3u, stored, zipped
from tests.factories.playlists import IDS, slice_of


@pytest.mark.long
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
    assert load(fresh, copy).written == 1  # reloaded, though the file did not change
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
    assert refresh(fresh, "playlists")  # a pipe is not a missing file
