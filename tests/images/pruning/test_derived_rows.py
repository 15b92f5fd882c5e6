"""Deleting pictures deletes their vectors and samples."""

import psycopg
import pytest
from typer.testing import CliRunner

from loaders.cli import app
from loaders.images import train
from loaders.songs import load as playlists
from tests.factories.archives import zipped
from tests.factories.pictures import add_picture, embed, load_path, photo, shape
from tests.factories.rows import add_model


@pytest.mark.parametrize("role", ["muse_loader", None])
def test_what_was_made_of_pictures_leaves_with_them_whoever_deletes(fresh, role):
    ids = [add_picture(fresh, shape("ring", n)) for n in range(3)]
    embed(fresh, ids[0])
    model_id = fresh.execute("select max(model_id) from models").fetchone()[0]
    vector = [0.0] * 1279 + [1.0]
    fresh.execute(
        "insert into muse.image_vectors (model_id, image_id, embedding) "
        "values (%s, %s, %s::real[]::public.vector::public.halfvec)",
        (model_id, ids[1], vector),
    )
    if role:
        fresh.execute(f"set role {role}")
    fresh.execute("delete from muse.images where image_id = any(%s)", (ids[::2],))
    fresh.execute("reset role")
    assert fresh.execute("select image_id from image_vectors").fetchall() == [(ids[1],)]
    assert fresh.execute("select count(*) from samples").fetchone() == (0,)


def test_the_function_of_the_trigger_lends_nobody_rights(fresh):
    image_id = add_picture(fresh, shape("ring"))
    embed(fresh, image_id)
    fresh.execute("set role muse_reader")
    fresh.execute("create temporary table mine (image_id bigint)")
    fresh.execute(
        "create trigger mine after delete on mine referencing old table as gone "
        "for each statement execute function muse.delete_made_of_images()"
    )
    fresh.execute("insert into mine values (%s)", (image_id,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        fresh.execute("delete from mine")


def test_vectors_of_pictures_that_are_gone_do_not_stop_a_training(fresh, flatbuffer):
    add_model(fresh, "classifier", flatbuffer, size=224, labels=[])
    for number in range(4):
        add_picture(fresh, shape("ring", number))
    first = train.train(fresh, 1)
    fresh.execute("alter table muse.images disable trigger delete_made_of")
    fresh.execute("delete from muse.images where image_id = (select min(image_id) from images)")
    fresh.execute("alter table muse.images enable trigger delete_made_of")
    assert fresh.execute("select count(*) from image_vectors").fetchone() == (4,)
    again = train.train(fresh, 1)
    assert again.model_id > first.model_id
    assert fresh.execute("select count(*) from image_vectors").fetchone() == (3,)


def test_forget_takes_out_what_every_topic_has_of_a_source(fresh, tmp_path):
    path = tmp_path / "both.zip"
    zipped(path, {"a.png": photo(), "mix/mix.m3u": b"#EXTM3U\n#EXTINF:1,A - 1\nx.mp3\n"})
    assert load_path(fresh, path).written == 1
    assert playlists.load(fresh, str(path)).written == 1
    done = CliRunner().invoke(app, ["forget", "source", str(path)])
    assert done.exit_code == 0
    assert fresh.execute("select from sources").fetchall() == []
    assert fresh.execute("select from playlists").fetchall() == []
