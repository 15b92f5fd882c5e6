"""`forget source` deletes articles and redirects that no other source may hold."""

import pytest

from loaders.admin.forget import forget_source
from loaders.core.errors import Problem
from tests.factories.wikipedia import dump_of, page, small, titles


def test_the_articles_of_the_only_dump_go(load, muse):
    assert load(small())
    (location,) = muse.execute("select location from muse.sources").fetchone()
    counts = forget_source(muse, location)
    assert counts["articles"] > 0
    assert counts["redirects"] > 0
    for table in ("wikipedia", "wikipedia_redirects", "sources"):
        assert muse.execute(f"select from muse.{table}").fetchall() == []


def test_articles_that_another_dump_may_hold_stay_and_that_is_said(load, muse, capsys):
    assert load(dump_of(page("A", id=1)), name="one.xml")
    assert load(dump_of(page("B", id=2)), name="two.xml")
    one, two = (row[0] for row in muse.execute("select location from sources order by source_id"))
    capsys.readouterr()
    assert forget_source(muse, one) == {"articles": 0, "redirects": 0}
    assert f"articles are not deleted, they may also come from {two}" in capsys.readouterr().err
    assert forget_source(muse, two)["articles"] == 2


def test_a_source_that_never_loaded_has_no_articles_to_keep(load, muse, capsys):
    assert load(dump_of(page("A", id=1)), name="one.xml")
    with pytest.raises(Problem, match="no page is in it"):
        load(dump_of(), name="two.xml", wiki="enwiki")
    two = muse.execute("select location from sources order by 1").fetchall()[1][0]
    capsys.readouterr()
    assert forget_source(muse, two) == {"articles": 0, "redirects": 0}
    assert capsys.readouterr().err == ""
    assert titles(muse) == ["A"]
