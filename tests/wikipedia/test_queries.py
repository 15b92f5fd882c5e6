"""Queries over Wikipedia: the indexes they use, privileges, and constraints."""

import psycopg
import pytest

from tests.factories.rows import plan


def test_look_ups_are_index_scans(db):
    db.execute("""
        insert into muse.wikipedia (title, page_id, revision_id, infobox, categories, templates,
            general, wikitext)
        select 'Page ' || n, n, n, 'kind ' || n % 50, array['births ' || n % 500, 'c' || n % 7],
            array['t' || n % 900], array['births ' || n % 500], ''
        from generate_series(1, 20000) as n
    """)
    db.execute("""
        insert into muse.wikipedia_redirects (title, page_id, revision_id, target, article)
        select 'To ' || n, 100000 + n, n, 'Page ' || n, 'Page ' || n
        from generate_series(1, 20000) as n
    """)
    db.execute("""
        insert into muse.wikidata (wikidata_id, wikipedia_id, title, class_ids)
        select 'Q' || n, case when n % 9 = 0 then 'To ' else 'Page ' end || n, 'Item ' || n,
            array['Q' || n % 1000]
        from generate_series(1, 20000) as n
    """)
    db.execute("analyze muse.wikipedia, muse.wikipedia_redirects, muse.wikidata")
    for table in ("wikipedia", "articles"):
        for where, index in (
            ("infobox = 'kind 7' and categories @> array['births 7']", "wikipedia_categories"),
            ("infobox = 'kind 7'", "wikipedia_infobox"),
            ("templates @> array['t7']", "wikipedia_templates"),
            ("general @> array['births 7']", "wikipedia_general"),
            ("title = 'Page 7'", "wikipedia_title"),
            ("wiki = 'enwiki' and page_id = 7", "wikipedia_pkey"),
        ):
            steps = plan(db, f"select * from {table} where {where}")
            assert index in steps, (table, where, steps)
            assert "Seq Scan" not in steps or table == "articles", (table, where, steps)
    for query in (
        "select * from articles where title = 'Page 9'",
        "select * from articles where wikidata_id = 'Q9'",
        "select a.* from instances_of('Q9') join articles as a using (wikidata_id)",
    ):
        assert "Seq Scan" not in plan(db, query), plan(db, query)
    assert db.execute("select title from articles where wikidata_id = 'Q9'").fetchall() == [
        ("Page 9",)
    ]
    assert db.execute("select count(*) from articles").fetchone() == (20000,)


def test_readers_can_query_and_not_write(db):
    db.execute("set local role muse_reader")
    for table in ("wikipedia", "wikipedia_redirects", "articles", "article_categories"):
        db.execute(f"select * from {table}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute("delete from muse.wikipedia")


@pytest.mark.parametrize("title", ["", "x" * 256])
def test_a_bad_row_is_refused(db, title):
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(
            "insert into muse.wikipedia (title, page_id, revision_id, wikitext) values (%s, 1, 1, '')",
            (title,),
        )
