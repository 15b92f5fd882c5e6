"""Deleting a picture deletes its vectors and samples."""

import pytest

from loaders.admin.forget import forget_source
from loaders.core.errors import Problem
from loaders.images.forget import forget_picture
from tests.factories.pictures import embed, load_path, photo


def test_what_is_forgotten_takes_its_vectors_and_samples_along(fresh, folder):
    load_path(fresh, folder)
    (image_id,) = fresh.execute("select min(image_id) from images").fetchone()
    embed(fresh, image_id)
    forget_picture(fresh, image_id)
    for table in ("image_vectors", "samples"):
        assert fresh.execute(f"select from {table}").fetchone() is None, table
    assert fresh.execute("select count(*) from image_sources").fetchone() == (2,)
    with pytest.raises(Problem, match="there is no picture"):
        forget_picture(fresh, image_id)


@pytest.mark.parametrize("how", ["forgotten", "replaced"])
def test_a_picture_that_is_found_nowhere_any_more_takes_its_vectors_along(fresh, folder, how):
    load_path(fresh, folder)
    find = "select image_id from image_sources where location = 'cats/tajMahal2.png'"
    (image_id,) = fresh.execute(find).fetchone()
    embed(fresh, image_id)
    if how == "forgotten":
        assert forget_source(fresh, str(folder)) == {"pictures": 3}
    else:
        (folder / "cats/tajMahal2.png").write_bytes(photo("purple"))
        assert load_path(fresh, folder).details["replaced"] == 1
    for table in ("image_vectors", "samples"):
        assert fresh.execute(f"select from {table}").fetchone() is None, table
