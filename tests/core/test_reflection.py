"""Schema muse through SQLAlchemy, which pandas and BI tools use."""

import warnings

import pgvector.sqlalchemy
import pytest
import sqlalchemy as sa
from sqlalchemy.types import NullType


@pytest.fixture
def engine(server):
    return sa.create_engine("postgresql+psycopg://", creator=server.connect, poolclass=sa.NullPool)


@pytest.fixture(autouse=True)
def _warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error", sa.exc.SAWarning)
        yield


def test_views_are_reflected_with_types_and_comments(engine):
    inspector = sa.inspect(engine)
    views = inspector.get_view_names(schema="muse")
    assert {"songs", "classes", "pictures"} <= set(views)
    for view in views:
        for column in inspector.get_columns(view, schema="muse"):
            assert not isinstance(column["type"], NullType), (view, column["name"])
            assert column["comment"], (view, column["name"])
        assert inspector.get_table_comment(view, schema="muse")["text"].startswith("One row per")


def test_times_have_a_zone(engine):
    inspector = sa.inspect(engine)
    for name in inspector.get_view_names(schema="muse"):
        for column in inspector.get_columns(name, schema="muse"):
            if isinstance(column["type"], sa.DateTime):
                assert column["type"].timezone, (name, column["name"])


def test_tables_are_reflected_with_the_types_of_pgvector(engine):
    metadata = sa.MetaData(schema="muse")
    metadata.reflect(engine, views=True)
    embedding = metadata.tables["muse.image_vectors"].c.embedding
    assert isinstance(embedding.type, pgvector.sqlalchemy.HALFVEC)
    assert [key.column.table.name for key in metadata.tables["muse.icons"].foreign_keys] == [
        "sources"
    ]


def test_a_view_is_queried_by_its_reflected_columns(engine):
    with engine.connect() as connection:
        connection.execute(sa.text("insert into muse.tracks (track_id, name) values ('a', 'A')"))
        songs = sa.Table("songs", sa.MetaData(), schema="muse", autoload_with=connection)
        rows = connection.execute(sa.select(songs.c.name, songs.c.places)).all()
        assert [tuple(row) for row in rows] == [("A", 0)]
        connection.rollback()
