"""Loading playlists: twice, newer, broken, interrupted, and deleted again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from loaders.admin.forget import forget_source
from loaders.core.errors import Problem
from loaders.songs import load as playlists
from loaders.songs.forget import forget_playlists
from loaders.songs.load import SongOptions, load
from tests.factories.loads import load_files
from tests.factories.playlists import IDS, places, slice_of
from tests.factories.rows import publish_songs


@pytest.fixture
def file(tmp_path):
    """A function that writes a file, by default of the same name, and returns its path."""

    def write(content: bytes, name: str = "mpd.slice.0-9.json") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


def test_order_and_duplicates_are_kept(fresh, file):
    loaded = load(fresh, file(slice_of([IDS[2], IDS[1], IDS[2]])))
    assert (loaded.written, loaded.scope, loaded.bad) == (1, "with 3 places", 0)
    assert places(fresh) == [("List 0", "2"), ("List 0", "1"), ("List 0", "2")]


def test_the_same_file_twice_changes_nothing(fresh, file):
    path = file(slice_of([IDS[1]], [IDS[2]]))
    load(fresh, path)
    before = fresh.execute("select * from playlists, tracks").fetchall()
    assert load(fresh, path).is_unchanged
    again = load(fresh, path, SongOptions(again=True))
    assert (again.written, again.unchanged) == (0, 2)
    assert fresh.execute("select * from playlists, tracks").fetchall() == before


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"modified_at": 1000}, {"modified_at": 2000}, ["2"]),
        ({"modified_at": 2000}, {"modified_at": 1000}, ["1"]),
        ({"modified_at": 2000}, {"modified_at": 2000}, ["2"]),
        ({}, {}, ["2"]),
        ({"modified_at": 1000}, {}, ["2"]),
    ],
)
def test_a_newer_version_replaces(fresh, file, old, new, expected):
    load(fresh, file(slice_of([IDS[1]], **old)))
    load(fresh, file(slice_of([IDS[2]], **new)))
    assert [track for _, track in places(fresh)] == expected


def test_a_later_file_fills_in_names_and_changes_none(fresh, file):
    load(fresh, file(f"playlist,track\nx,{IDS[1]}\ny,{IDS[2]}\n".encode(), "ids.csv"))
    load(fresh, file(slice_of([IDS[1]])))
    load(fresh, file(slice_of([IDS[1]]).replace(b'"A"', b'"B"'), "other.json"))
    query = "select name, artist, places from tracks order by track_id"
    assert fresh.execute(query).fetchall() == [(f"T{IDS[1]}", "A", 3), (None, None, 1)]


@pytest.mark.long
def test_an_archive_and_standard_input(fresh, file, tmp_path):
    import gzip
    import zipfile

    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README.md", "# All about the playlists")
        archive.writestr("folder/one.json", slice_of([IDS[1]]))
        archive.writestr("broken.json", slice_of([IDS[1]])[:-9])
        archive.writestr("two.json.gz", gzip.compress(slice_of([IDS[2]])))
    loaded = load(fresh, str(path))
    assert (loaded.written, len(loaded.failures)) == (2, 1)
    assert "all.zip/broken.json" in loaded.failures[0]
    places_ = fresh.execute("select place, reason from load_errors order by number").fetchall()
    assert ("all.zip/README.md", "not a playlist, skipped") in places_
    command = [sys.executable, "-m", "loaders", "load", "playlists", "-"]
    done = subprocess.run(command, input=slice_of([IDS[3]]), capture_output=True, check=True)
    assert b"1 playlist with 1 place" in done.stderr
    assert [track for _, track in places(fresh)] == ["1", "2", "3"]


def test_a_name_that_is_no_text_is_written_down_all_the_same(fresh, tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\xfe.json"
    with open(path, "wb") as file:
        file.write(slice_of([IDS[1]]))
    assert load(fresh, os.fsdecode(path)).written == 1
    assert fresh.execute("select location from sources").fetchone()[0].endswith(".json")


def test_a_pipe_is_read_once_to_its_end(fresh, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(slice_of([IDS[1]]),))
    writer.start()
    assert load(fresh, str(pipe)).written == 1
    writer.join()


def test_of_a_cut_off_file_nothing_is_kept_and_the_others_go_on(fresh, file, capfd):
    good, bad = (
        file(slice_of([IDS[1]]), "good.json"),
        file(slice_of([IDS[2]], [IDS[3]])[:-20], "bad.json"),
    )
    assert not load_files(fresh, [bad, good, "/no/such/file", "/tmp"], workers=2)
    assert [track for _, track in places(fresh)] == ["1"]
    output = capfd.readouterr().err
    assert "bad.json: " in output
    assert "byte" in output
    assert "/no/such/file: No such file" in output
    assert "/tmp: a folder: name the files in it" in output
    rows = fresh.execute(
        "select location ~ 'bad', status, loaded from loads order by location"
    ).fetchall()
    assert rows == [(True, "failed", 0), (False, "done", 1)]


def test_bad_entries_are_counted_with_place_and_reason(fresh, file):
    content = slice_of([IDS[1]], [], [IDS[2]] * 5000).replace(
        b'"List 0"', b'"' + b"x" * 10_000_000 + b'"'
    )
    odd = b'{"track_uri": 7}, {"track_name": "a\\u0000b", "artist_name": "c"}, {"track_name": null}'
    content = content.replace(b'"pid": 2', b'"pid": 2, "x": [' + odd + b"]").replace(
        b'"tracks": [{', b'"tracks": [' + odd + b", {", 9
    )
    loaded = load(fresh, file(content))
    assert (loaded.written, loaded.scope) == (1, "with 5,000 places")
    rows = fresh.execute("select place, reason from load_errors order by number").fetchall()
    assert len(rows) == loaded.bad >= 5
    assert all(place.startswith("playlist ") for place, _ in rows)
    assert fresh.execute("select bad from loads").fetchone() == (loaded.bad,)
    assert fresh.execute("select max(length(start)) from load_errors").fetchone()[0] <= 200


@pytest.mark.long
def test_a_loader_that_is_killed_leaves_nothing_half_done_and_can_go_on(fresh, file):
    path = file(slice_of(*[IDS[i % 100 : i % 100 + 100] for i in range(4000)]))
    command = [sys.executable, "-m", "loaders", "load", "playlists", path]
    victim = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=dict(os.environ))
    deadline = time.monotonic() + 30
    while not fresh.execute("select from load_runs").rowcount and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert fresh.execute("select count(*) from playlists").fetchone() == (0,)
    connected = "select from pg_stat_activity where application_name = 'pgmuse'"
    while fresh.execute(connected).rowcount:
        time.sleep(0.05)  # the server notices that its client is gone
    assert load(fresh, path).written == 4000
    runs = fresh.execute("select status, message from load_runs order by run_id").fetchall()
    assert runs == [("failed", "interrupted"), ("done", None)]
    places(fresh)


def test_two_loads_of_one_file_and_of_two_at_once(fresh, file, server):
    one = file(slice_of(*[IDS[i : i + 50] for i in range(200)]))
    other = file(slice_of(*[IDS[250 - i : 300 - i] for i in range(200)]), "other.json")
    results, problems = [], []

    def work(path):
        with playlists.connect_to_load(dbname="fresh", autocommit=True) as conn:
            try:
                results.append(load(conn, path))
            except Problem as error:
                problems.append(str(error))

    workers = [threading.Thread(target=work, args=(path,)) for path in (one, one, other)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(result.written for result in results) == 400
    assert all("another run is loading it" in problem for problem in problems)
    assert len(places(fresh)) == 20_000


def forget(conn, kind, value):
    if kind == "source":
        return forget_source(conn, value)
    return forget_playlists(conn, kind, value)


@pytest.mark.parametrize(
    ("kind", "value", "left"),
    [
        ("playlist", "#one", ["b", "c", "d"]),
        ("owner", "Ann", ["c", "d"]),
        ("source", "a.jspf", ["c", "d"]),
    ],
)
def test_forgetting_takes_tracks_vectors_and_samples_along(fresh, file, kind, value, left):
    def listed(name, owner, *titles):
        tracks = [{"title": title, "creator": ""} for title in titles]
        return {"playlist": {"title": name, "creator": owner, "track": tracks}}

    path = file(
        json.dumps([listed("one", "Ann", "a", "c"), listed("two", "Ann", "b")]).encode(), "a.jspf"
    )
    load(fresh, path)
    load(fresh, file(json.dumps(listed("three", "Bob", "c", "d")).encode(), "b.jspf"))
    ids = list("abcd")
    publish_songs(fresh, {i: ([1], [1]) for i in ids}, [("c", "a", 0.5), ("c", "d", 0.5)])
    fresh.execute(
        "insert into muse.samples (kind, parameters, result) values "
        "('radio', '{\"seeds\": [\"a\"]}', '[]'), ('radio', '{\"seeds\": []}', '[{\"track_id\": \"d\"}]')"
    )
    value = {"source": path, "playlist": path + value}.get(kind, value)
    forget(fresh, kind, value)
    kept = left
    for table in ("tracks", "song_vectors"):
        assert [row[0] for row in fresh.execute(f"select track_id from {table} order by 1")] == kept
    assert fresh.execute("select neighbor_id from song_neighbors").fetchall() == [("d",)]
    assert fresh.execute("select count(*) from samples").fetchone() == (1,)
    assert len(places(fresh)) == len(left) + (kind == "playlist") * 0
    with pytest.raises(Problem, match="there is no (playlist whose|source)"):
        forget(fresh, kind, "nobody")


@pytest.mark.long
def test_samples(fresh):
    loaded = playlists.load_samples(fresh)
    if not loaded:
        pytest.skip("the sample packages are not installed: ./pgmuse setup")
    assert sum(result.bad for result in loaded) == 0
    assert fresh.execute("select name, artist from find_songs('say my name', 1)").fetchall() == [
        ("Say My Name", "Destiny's Child")
    ]
    assert all(result.unchanged for result in playlists.load_samples(fresh))
