"""A folder of pictures becomes rows; loading it again changes only what changed."""

import io
import os

import pytest
from PIL import Image

from loaders.admin.forget import forget_source
from loaders.admin.refresh import refresh
from loaders.core import runs
from loaders.core.errors import Problem
from loaders.images.load import load_samples
from loaders.images.options import ImageOptions
from tests.factories.loads import load_images
from tests.factories.pictures import GREEN, RED, embed, load_path, photo

PICTURES = "select title, class, width, height, location from pictures order by location, title"


def test_a_folder_with_classes(fresh, folder):
    loaded = load_path(fresh, folder, class_from="folder")
    assert (loaded.written, loaded.bad) == (3, 2)
    assert fresh.execute(PICTURES).fetchall() == [
        ("rex", "big dogs", 400, 330, "big_dogs/rex.gif"),
        ("IMG 2043", "cats", 400, 330, "cats/IMG_2043.JPG"),
        ("taj Mahal", "cats", 400, 330, "cats/tajMahal2.png"),
    ]
    errors = dict(fresh.execute("select place, reason from load_errors").fetchall())
    assert set(errors) == {"cats/broken.jpg", "cats/cut.png"}
    assert errors["cats/broken.jpg"].startswith("not a JPEG")
    assert fresh.execute("select class, pictures from image_classes order by class").fetchall() == [
        ("big dogs", 1),
        ("cats", 2),
    ]
    assert fresh.execute("select topic, status, loaded, bad from loads").fetchall() == [
        ("images", "done", 3, 2)
    ]


def test_thumbnails_are_small_and_hashes_tell_pictures_apart(fresh, folder):
    (folder / "cats" / "large.png").write_bytes(photo(RED, (1200, 990)))
    load_path(fresh, folder)
    thumbnail, shown = fresh.execute(
        "select thumbnail, picture from images join pictures using (image_id) "
        "where location = 'cats/large.png'"
    ).fetchone()
    assert Image.open(io.BytesIO(thumbnail)).size == (388, 320)
    assert shown.startswith("data:image/jpeg;base64,/9j/")
    assert "\n" not in shown
    distances = "select max(one.perceptual_hash <~> two.perceptual_hash) from images as one, images as two where {}"
    same = "one.width > 1000 and two.image_id = (select image_id from pictures where location = 'cats/tajMahal2.png')"
    assert fresh.execute(distances.format(same)).fetchone()[0] <= 2


@pytest.mark.parametrize("turn", [1, 6])
def test_a_size_is_as_a_person_sees_it(fresh, tmp_path, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    path = tmp_path / "turned.jpg"
    path.write_bytes(photo(size=(400, 330), kind="JPEG", exif=exif))
    load_images(fresh, ImageOptions(sources=(str(path),), workers=1))
    size = fresh.execute("select width, height from images").fetchone()
    assert size == ((400, 330) if turn == 1 else (330, 400))


def test_what_is_loaded_twice_is_there_once(fresh, folder):
    load_path(fresh, folder)
    assert load_path(fresh, folder).is_unchanged
    again = load_path(fresh, folder, again=True)
    assert (again.written, again.unchanged) == (0, 3)
    os.utime(folder / "cats" / "IMG_2043.JPG")  # looks new
    assert load_path(fresh, folder).unchanged == 3


def test_a_file_of_a_folder_that_is_loaded_leaves_the_folder_loaded(fresh, folder):
    load_path(fresh, folder / "cats", class_from="folder")
    options = "select options from sources where location = %s"
    before = fresh.execute(options, (str(folder / "cats"),)).fetchone()
    classes = fresh.execute("select class from image_sources").fetchall()
    path = next(path for path in (folder / "cats").iterdir() if path.name == "tajMahal2.png")
    load_images(fresh, ImageOptions(sources=(str(path),), workers=1))
    assert fresh.execute(options, (str(folder / "cats"),)).fetchone() == before
    assert fresh.execute("select class from image_sources").fetchall() == classes
    (folder / "cats" / "new.png").write_bytes(photo(GREEN))
    assert refresh(fresh, "images")
    assert fresh.execute("select class from image_sources where location = 'new.png'").fetchone()


def test_what_is_unchanged_changes_nothing(fresh, folder):
    load_path(fresh, folder, class_from="folder")
    before = fresh.execute("select options from sources").fetchall()
    with runs.run(fresh, "images", str(folder), options={}, fingerprint=None):
        pass
    assert fresh.execute("select options from sources").fetchall() == [({},)] != before
    fresh.execute("update sources set fingerprint = 'x', options = '{\"a\": 1}'")
    with runs.run(fresh, "images", str(folder), options={}, fingerprint="x") as run:
        assert run is None
    assert fresh.execute("select options from sources").fetchall() == [({"a": 1},)]


def test_a_file_that_changed_takes_the_place_of_what_it_was(fresh, folder):
    load_path(fresh, folder)
    (old,) = fresh.execute(
        "select image_id from pictures where location = 'big_dogs/rex.gif'"
    ).fetchone()
    embed(fresh, old)
    (folder / "big_dogs" / "rex.gif").write_bytes(photo("orange", kind="GIF"))
    loaded = load_path(fresh, folder)
    assert (loaded.written, loaded.unchanged, loaded.details["replaced"]) == (1, 2, 1)
    assert fresh.execute("select from images where image_id = %s", (old,)).fetchone() is None
    assert fresh.execute("select from image_vectors").fetchone() is None


def test_the_same_picture_twice_is_one_row_with_two_sources(fresh, folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "copy.png").write_bytes(photo(RED))
    (tmp_path / "other" / "twin.png").write_bytes(photo(RED))
    for path in (folder, tmp_path / "other"):
        load_path(fresh, path)
    query = (
        "select location from image_sources where image_id = "
        "(select image_id from image_sources where location = 'copy.png') order by 1"
    )
    assert fresh.execute(query).fetchall() == [
        ("cats/tajMahal2.png",), ("copy.png",), ("twin.png",),
    ]  # fmt: skip
    assert fresh.execute("select count(*) from images").fetchone() == (3,)
    assert fresh.execute("select count(*) from pictures").fetchone() == (3,)
    assert forget_source(fresh, str(folder)) == {"pictures": 2}
    assert forget_source(fresh, str(tmp_path / "other")) == {"pictures": 1}
    assert fresh.execute("select count(*) from sources").fetchone() == (0,)
    with pytest.raises(Problem, match="there is no source"):
        forget_source(fresh, str(folder))


def test_the_command_says_what_became_of_each(fresh, folder, capfd):
    request = ImageOptions(sources=(str(folder), "nowhere", str(folder / "cats" / "notes.txt")))
    assert not load_images(fresh, request)
    output = capfd.readouterr().err
    assert f"{folder}: 3 pictures, 2 left out (see load_errors)" in output
    assert "nowhere: no such file or folder" in output
    assert load_images(fresh, ImageOptions(sources=(str(folder / "cats" / "tajMahal2.png"),)))
    with pytest.raises(Problem, match="nothing to load"):
        load_images(fresh, ImageOptions())
    with pytest.raises(Problem, match=r"for the current one, give \."):
        load_images(fresh, ImageOptions(sources=("",)))
    with pytest.raises(Problem, match="--class-from takes folder"):
        load_images(fresh, ImageOptions(sources=(str(folder),), class_from="name"))


def test_refresh_loads_a_folder_again_as_it_was_asked_for(fresh, folder):
    load_path(fresh, folder, class_from="folder")
    (folder / "cats" / "new.png").write_bytes(photo("purple"))
    assert refresh(fresh, "images")
    new = "select class from pictures where location = 'cats/new.png'"
    assert fresh.execute(new).fetchone() == ("cats",)


@pytest.mark.parametrize(
    "values",
    [
        "'\\x00', '\\xffd8ff', b'0'::bit(64), 1, 1", "sha256('a'), '\\x00', 0::bit(64), 1, 1",
        "sha256('a'), '\\xffd8ff', 0::bit(64), 0, 1",
    ],
)  # fmt: skip
def test_a_bad_row_is_refused(db, values):
    import psycopg

    columns = "sha256, thumbnail, perceptual_hash, width, height"
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(f"insert into muse.images ({columns}) values ({values})")


@pytest.mark.slow
def test_the_sample(fresh):
    results = load_samples(fresh)
    if not results:
        pytest.skip("needs the sample packages: ./pgmuse setup")
    assert sum(loaded.written for loaded in results) > 600
    cats = "select count(*), count(licence) from pictures where class = 'cat'"
    assert fresh.execute(cats).fetchone() >= (10, 10)
    titles = "select count(*) from pictures where title = 'Pont du Gard'"
    assert fresh.execute(titles).fetchone() == (1,)
    assert not any(loaded.bad for loaded in results)
    classes = dict(fresh.execute("select class, pictures from image_classes").fetchall())
    assert classes["monument"] > 50
    assert classes["windmill"] > 10
    taj = "select distinct title, licence from pictures where title = 'Taj Mahal'"
    assert fresh.execute(taj).fetchone()[0] == "Taj Mahal"
    free = "select count(*) from pictures where licence like 'CC-BY%' and author is not null"
    assert fresh.execute(free).fetchone()[0] > 50
