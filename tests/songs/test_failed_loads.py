"""Files without a playlist fail, and the reasons are stored."""

import gzip

import pytest

from loaders.admin.refresh import refresh
from loaders.core.errors import Problem
from loaders.songs.load import SongOptions, load, load_all
from tests.factories.loads import load_files
from tests.factories.playlist_files import m3u, zipped
from tests.factories.playlists import IDS, slice_of

HTML = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"


@pytest.mark.parametrize(
    ("name", "content", "seems"),
    [
        ("a.json", b'{"playlists": []}', "JSON"),
        ("a.json", b'{"entities": {}}', "JSON"),
        ("a.json", HTML, "an HTML page"),
        ("a.m3u", b"#EXTM3U\n", "plain text"),
        ("a.csv", b"playlist,track\n", "plain text"),
        ("a.json.gz", gzip.compress(HTML, mtime=0), "an HTML page"),
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "doc"}, "^no format 'doc'"),
        ({"files": ("https://anna:s3cret@example.org/a.m3u",)}, "^playlists are read from files: "),
    ],
)
def test_wrong_options_are_refused_also_for_unchanged_files(fresh, write, options, message):
    files = (write("a.m3u", m3u("A - 1")),)
    load_all(fresh, SongOptions(files=files))
    with pytest.raises(Problem, match=message) as caught:
        load_all(fresh, SongOptions(**{"files": files} | options))
    assert "s3cret" not in str(caught.value)


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
