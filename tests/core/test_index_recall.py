"""Recall of any vector index, and the ef_search that a recall needs."""

import numpy as np
import psycopg
import pytest
from pgvector import Vector


@pytest.fixture
def photos(fresh):
    """A table of a user with an index of pgvector."""
    fresh.execute("create table public.photos (id integer, vector public.vector(32))")
    dice = np.random.default_rng(0)
    with fresh.cursor() as cursor, cursor.copy("copy public.photos from stdin") as copy:
        for number in range(3000):
            copy.write_row((number, Vector(dice.normal(size=32)).to_text()))
    fresh.execute("create index on public.photos using hnsw (vector public.vector_l2_ops)")
    return fresh


def test_recall_works_on_any_table(photos):
    photos.execute("set hnsw.ef_search = 10")
    recall, sample = photos.execute("select * from recall('public.photos', 10, 30)").fetchone()
    assert sample == 30
    assert 0.3 < recall < 1
    photos.execute("set hnsw.ef_search = 1000")
    (better,) = photos.execute("select recall from recall('public.photos', 10, 30)").fetchone()
    assert better > recall
    assert better > 0.99


def test_the_smallest_ef_search_for_a_recall_is_proposed(photos):
    photos.execute("set hnsw.ef_search = 17")
    query = "select vector_index, ef_search, recall from tune_search(%s::real, 'public.photos')"
    ((name, low, recall),) = photos.execute(query, (0.5,)).fetchall()
    ((_, high, best),) = photos.execute(query, (0.999,)).fetchall()
    assert name == "public.photos_vector_idx"
    assert low < high
    assert 0.5 <= recall < best
    for setting, value in (("hnsw.ef_search", "17"), ("enable_seqscan", "on")):
        assert photos.execute(f"show {setting}").fetchone() == (value,)


def test_indexes_of_two_types_in_one_session(photos):
    photos.execute(
        "create table public.halves as select id, vector::public.halfvec(32) from photos"
    )
    photos.execute("create index on public.halves using hnsw (vector public.halfvec_l2_ops)")
    photos.execute("create temp table mine as select * from photos")
    photos.execute("create index on mine using hnsw (vector public.vector_l2_ops)")
    names = [row[0] for row in photos.execute("select * from tune_search(0.5::real, sample => 5)")]
    assert sorted(names) == ["public.halves_vector_idx", "public.photos_vector_idx"]


def test_an_index_of_some_rows_has_no_recall(photos):
    photos.execute("drop index public.photos_vector_idx")
    photos.execute(
        "create index part on public.photos using hnsw (vector public.vector_l2_ops) where id < 9"
    )
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="no vector index on a table"):
        photos.execute("select * from recall('public.photos')")


def test_a_table_without_an_index_is_said(fresh):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="no vector index") as caught:
        fresh.execute("select * from recall('photos')")
    assert "public.photos" in caught.value.diag.message_hint
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="target must be"):
        fresh.execute("select * from tune_search(2)")
