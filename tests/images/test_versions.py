"""Pictures that an earlier version decoded are decoded again, and embedded where they changed."""

from loaders.admin.refresh import refresh
from tests.factories.pictures import embed, load_path

VECTORS = "select array_agg(image_id order by image_id) from image_vectors"
# As an earlier version stored the picture of this id.
OUTDATED = """
    update images set thumbnail = '\\xffd8ff', perceptual_hash = 0::bit(64) where image_id = %s
"""


def test_pictures_of_an_earlier_version_are_decoded_again(fresh, folder):
    load_path(fresh, folder)
    (ids,) = fresh.execute("select array_agg(image_id order by image_id) from images").fetchone()
    embed(fresh, ids[0])
    fresh.execute(
        "insert into image_vectors (model_id, image_id, embedding) "
        "select model_id, unnest(%s::bigint[]), embedding from image_vectors",
        (ids[1:],),
    )
    fresh.execute("update images set version = 1")
    fresh.execute("update sources set version = 1")
    fresh.execute(OUTDATED, (ids[0],))
    assert refresh(fresh, "images")
    state = "select array_agg(image_id order by image_id), min(version), min(length(thumbnail)) from images"
    stored, version, length = fresh.execute(state).fetchone()
    assert (stored, version) == (ids, 2)
    assert length > 100
    assert fresh.execute(VECTORS).fetchone() == (ids[1:],)
