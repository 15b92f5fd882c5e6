"""Refresh reloads only changed sources, and reports every failure."""

import json
import sys
from datetime import date
from types import SimpleNamespace

import pytest

from loaders.admin import refresh as refreshing
from loaders.admin.refresh import refresh
from loaders.core import db as connections
from loaders.core.errors import Problem
from loaders.images.options import ImageOptions
from loaders.songs import load as playlists
from loaders.songs import train as songs
from loaders.songs.word2vec import Word2VecSettings
from loaders.wikidata.options import WikidataOptions
from tests.factories.loads import load_files, load_images
from tests.factories.loads import load_wikidata as load_all
from tests.factories.picture_files import photo
from tests.factories.playlists import IDS, slice_of
from tests.factories.rows import index_any_size
from tests.factories.wikidata import FRAMINGS, entity, small


@pytest.fixture
def muse(fresh):
    with connections.connect_to_load(autocommit=True) as conn:
        yield conn


@pytest.fixture
def dump(tmp_path):
    """Write lines as a dump; its path."""

    def write(lines, name="dump.json"):
        path = tmp_path / name
        path.write_text(FRAMINGS["dump"](lines))
        return path

    return write


def runs_of(conn):
    query = "select topic, status, loaded from loads order by run_id"
    return conn.execute(query).fetchall()


def test_a_dump_that_changed_is_loaded_with_the_same_options(muse, dump):
    load_all(
        muse,
        WikidataOptions(
            source=str(dump(small())), classes=("Q146",), languages=("en", "nl"), workers=0
        ),
    )
    assert refresh(muse)
    assert runs_of(muse) == [("wikidata", "done", 3)]  # nothing changed, nothing ran
    dump([*small(), entity("Q30", "Kitty", P31=[{**json.loads(small()[7])["claims"]["P31"][0]}])])
    assert refresh(muse, "wikidata")
    assert [row[0] for row in muse.execute("select wikidata_id from wikidata order by 1")] == [
        "Q1", "Q2", "Q3", "Q30",
    ]  # fmt: skip
    assert runs_of(muse)[1:] == [("wikidata", "done", 1)]


def test_ids_in_a_file_are_read_again(muse, dump, tmp_path):
    ids = tmp_path / "ids.txt"
    ids.write_text("Q1\n")
    path = dump(small())
    load_all(muse, WikidataOptions(source=str(path), ids=str(ids), workers=0))
    ids.write_text("Q1\nQ3\n")
    assert refresh(muse)
    assert muse.execute("select count(*) from wikidata").fetchone() == (2,)


def test_a_source_that_is_gone_is_said_and_the_rest_goes_on(muse, dump, capsys):
    gone = dump(small(), "gone.json")
    load_all(muse, WikidataOptions(source=str(gone), workers=0))
    path = dump([entity("Q40", "one")], "stays.json")
    load_all(muse, WikidataOptions(source=str(path), workers=0))
    gone.unlink()
    dump([entity("Q40", "two", lastrevid=2)], "stays.json")
    assert not refresh(muse)
    assert "gone.json is gone" in capsys.readouterr().err
    assert muse.execute("select title from wikidata where wikidata_id = 'Q40'").fetchone() == (
        "two",
    )


@pytest.mark.parametrize("name", ["two\nlines", "no utf-8 \udcff", r"plain \x0a"])
def test_a_source_with_any_name_is_loaded_again(muse, tmp_path, name):
    playlists_path, folder = tmp_path / f"{name}.csv", tmp_path / name
    playlists_path.write_text("title,artist\nHalo,Beyonce\nOne,U2\n")
    assert load_files(muse, [str(playlists_path)])
    folder.mkdir()
    photo(1).save(folder / "one.png")
    assert load_images(muse, ImageOptions(sources=(str(folder),)))
    playlists_path.write_text("title,artist\nHalo,Beyonce\nTwo,U2\n")
    photo(2).save(folder / "two.png")
    assert refresh(muse, "songs")
    assert refresh(muse, "images")
    query = "select name from playlist_tracks order by 1"
    assert muse.execute(query).fetchall() == [("Halo",), ("Two",)]
    assert muse.execute("select count(*) from images").fetchone() == (2,)


def test_playlists_that_came_train_the_model_again(muse, tmp_path, capsys):
    path = tmp_path / "mpd.slice.0-9.json"
    path.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(30))))
    playlists.load(muse, str(path))
    model = songs.train(
        muse, Word2VecSettings(epochs=1), songs.PlaylistFilter(artist_share=1, longest=200)
    )
    assert refresh(muse)
    live = "select model_id from deployments where name = 'songs'"
    assert muse.execute(live).fetchone() == (model.model_id,)
    path.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(40))))
    assert refresh(muse)
    model_id, config = muse.execute(
        "select model_id, config from deployments join models using (model_id)"
    ).fetchone()
    assert model_id > model.model_id
    assert (config["epochs"], config["filter"]["longest"]) == (1, 200)
    assert "new playlists" in capsys.readouterr().err


def test_the_second_leaves(muse, capsys):
    with connections.connect_to_load(autocommit=True) as other:
        with connections.lock(other, "refresh_songs"):
            assert refresh(muse, "songs")
        assert "songs: a refresh is already running; nothing done" in capsys.readouterr().err
        with connections.lock(other, "refresh_images"):
            assert refresh(muse, "songs")
        assert "already running" not in capsys.readouterr().err
    with pytest.raises(Problem, match="songs, wikidata"):
        refresh(muse, "nothing")


def test_a_running_load_is_not_waited_for_longer_than_asked(muse, tmp_path, capsys):
    path = tmp_path / "mpd.slice.0-9.json"
    path.write_bytes(slice_of(IDS[:20]))
    playlists.load(muse, str(path))
    path.write_bytes(slice_of(IDS[:30]))
    with (
        connections.connect_to_load(autocommit=True) as other,
        connections.lock(other, "playlists"),
    ):
        assert refresh(muse, "songs", seconds=0.3)
    printed = capsys.readouterr().err
    assert "no time is left to wait" in printed
    assert "1 left for the next refresh" in printed
    assert refresh(muse, "songs")
    assert muse.execute("select max(places) from playlists").fetchone() == (30,)


@pytest.mark.parametrize(("day", "first"), [(1, "wikidata"), (2, "wikipedia")])
def test_with_little_time_each_day_begins_with_another_topic(muse, capsys, monkeypatch, day, first):
    monkeypatch.setattr(refreshing, "date", SimpleNamespace(today=lambda: date.fromordinal(day)))
    assert refresh(muse, seconds=60)
    assert f"pgmuse: {first}: nothing is loaded" in capsys.readouterr().err.splitlines()[0]


def test_what_is_left_of_deleted_rows_in_an_index_goes(fresh, muse, server, tmp_path, capsys):
    index_any_size(fresh)
    path = tmp_path / "mpd.slice.0-9.json"
    path.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(30))))
    playlists.load(muse, str(path))
    songs.train(muse, Word2VecSettings(epochs=1), songs.PlaylistFilter(artist_share=1))
    partition = muse.execute(
        "select oid::regclass::text from pg_class where relname ~ '^song_vectors_[0-9]+$'"
    ).fetchone()[0]
    with server.connect(dbname="fresh", autocommit=True) as admin:
        admin.execute(f"alter table {partition} set (vacuum_index_cleanup = off)")
    muse.execute("delete from muse.song_vectors")
    muse.execute("select pg_stat_force_next_flush()")
    node = "select relfilenode from pg_class where relname ~ '^song_vectors_.*_vector$'"
    before = muse.execute(node).fetchall()
    assert refresh(muse)
    after = muse.execute(node).fetchall()
    assert set(before).isdisjoint(after)
    assert "building the index" in capsys.readouterr().err
    assert refresh(muse)  # once is enough
    assert muse.execute(node).fetchall() == after
    assert "building the index" not in capsys.readouterr().err


def test_standard_input_is_passed_over(muse, dump, capsys, monkeypatch):
    with dump(small()).open("rb") as file:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=file))
        load_all(muse, WikidataOptions(source="-", workers=0))
    assert refresh(muse)
    assert "cannot be loaded again" in capsys.readouterr().err


def test_a_link_to_a_newer_dump_is_followed(muse, dump, tmp_path):
    link = tmp_path / "latest.json"
    link.symlink_to(dump([entity("Q40", "one")], "monday.json"))
    load_all(muse, WikidataOptions(source=str(link), workers=0))
    link.unlink()
    link.symlink_to(dump([entity("Q40", "two", lastrevid=2)], "tuesday.json"))
    assert refresh(muse)
    assert muse.execute("select title from wikidata").fetchall() == [("two",)]


def test_ids_of_any_number_go_with_a_dump(muse, dump):
    ids = ",".join(f"Q{n}" for n in range(1000, 1100))
    path = dump([entity("Q1001", "one"), entity("Q1", "other")])
    assert load_all(muse, WikidataOptions(source=str(path), ids=ids, workers=0))
    assert muse.execute("select title from wikidata").fetchall() == [("one",)]


def test_what_may_be_secret_in_an_address_is_not_stored():
    assert not WikidataOptions(source="https://example.org/dump.json?token=secret").is_repeatable
    assert not WikidataOptions(source="https://ann:secret@example.org/dump.json").is_repeatable
    plain = WikidataOptions(source="https://example.org/dump.json")
    assert plain.is_repeatable
    assert plain.to_json() == {"source": "https://example.org/dump.json"}
