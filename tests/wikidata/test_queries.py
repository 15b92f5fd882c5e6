"""Queries over Wikidata: the indexes they use, and privileges."""

import psycopg
import pytest

from tests.factories.rows import plan


@pytest.mark.long
def test_look_ups_are_index_scans(db):
    db.execute("""
        insert into muse.wikidata (wikidata_id, title, wikipedia_id, properties, claims, class_ids)
        select
            'Q' || n, 'Title ' || n, 'Page ' || n,
            jsonb_build_object('instance of', 'Class ' || n % 1000, 'x', n),
            jsonb_build_object('P' || n % 500, jsonb_build_array(jsonb_build_object(
                'type', 'string', 'value', n::text, 'rank', 'normal'))),
            array['Q' || n % 1000]
        from generate_series(1, 20000) as n
    """)
    db.execute("analyze muse.wikidata")
    for query, index in (
        ("select * from wikidata where properties @> '{\"instance of\": \"Class 7\"}'", "wikidata_properties"),
        ("select * from wikidata where claims @> '{\"P7\": [{\"value\": \"7\"}]}'", "wikidata_claims"),
        ("select * from instances_of('Q7')", "wikidata_class_ids"),
        ("select * from claim_values('P7')", "wikidata_claims"),
        ("select * from wikidata where wikipedia_id = 'Page 7'", "wikidata_wikipedia_id"),
        ("select * from wikidata where title = 'Title 7'", "wikidata_title"),
    ):  # fmt: skip
        assert index in plan(db, query), query
    assert db.execute("select count(*) from claim_values('P7')").fetchone() == (40,)


def test_readers_can_query_and_not_write(db):
    db.execute("set local role muse_reader")
    for query in (
        "select * from classes",
        "select * from instance_of",
        "select * from claim_values('P31')",
    ):
        db.execute(query)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute("insert into muse.wikidata (wikidata_id) values ('Q1')")
