"""Pruning of Wikipedia: only pages that are not in a complete dump are deleted."""

import pytest

from loaders.admin.forget import forget_source
from loaders.admin.refresh import refresh
from loaders.core.errors import Problem
from tests.factories.wikipedia import dump_of, errors, page, titles

BROKEN = {
    "no end": lambda xml: xml.replace("</page>", ""),
    "no beginning": lambda xml: xml.replace("<page>", "<pag>"),
    "no tags": lambda xml: xml.replace("<page>", "<pag>").replace("</page>", "</pag>"),
    "no XML": lambda xml: xml.replace("</ns>", "</n>"),
    "no revision": lambda xml: xml.replace("<revision>", "<old>").replace("</revision>", "</old>"),
    "no text": lambda xml: xml.replace('bytes="1"', 'bytes="9"').replace(">x<", "><"),
}


def articles(count, *, start=1, revision=10):
    """Pages with a title that XML escapes."""
    return [page(f"A & {n}", "x", id=n, revision=revision) for n in range(start, start + count)]


def redirects(count):
    return [page(f"To {n}", id=1000 + n, redirect=f"A & {n}") for n in range(1, count + 1)]


@pytest.mark.parametrize("broken", BROKEN)
def test_the_row_of_a_page_that_failed_stays(load, muse, broken):
    pages = articles(5)
    load(dump_of(*pages))
    bad = BROKEN[broken](pages[2])
    for order in ([pages[1], bad, pages[3]], [pages[1], pages[3], bad], [bad, pages[1], pages[3]]):
        load(dump_of(*pages), again=True)
        good = load(dump_of(pages[0], *order), prune=True)
        assert good or (broken == "no end" and order[-1] is bad)  # that one is cut off
        assert titles(muse) == ["A & 1", "A & 2", "A & 3", "A & 4", "A & 5"][: 5 - good]
        assert len(errors(muse)) == 1


def test_a_page_that_moved_has_its_new_title_alone_also_where_the_old_one_failed(load, muse):
    load(dump_of(page("A", "old", id=1)))
    bad = page("A", "x", id=2, revision=12).replace("</ns>", "</n>")
    assert load(dump_of(page("B", "old", id=1, revision=11), bad))
    assert titles(muse) == ["B"]


def test_a_page_without_a_title_prunes_nothing(load, muse, capsys):
    load(dump_of(*articles(5)))
    assert not load(dump_of(*articles(2), page("", id=9)), prune=True)
    assert "without a readable id" in capsys.readouterr().err
    for odd in (["what is no page", *articles(1, start=5)], ["what is no page" * 9], ["no page"]):
        assert not load(dump_of(*articles(2), *odd), prune=True)
    assert len(titles(muse)) == 5


def test_pages_without_a_root_are_loaded_and_not_pruned(load, muse, capsys):
    load(dump_of(*articles(5)))
    fragment = "".join([*articles(2), *articles(1, start=9)])
    assert load(fragment, name="fragment", wiki="enwiki")
    assert not load(fragment, name="fragment", wiki="enwiki", prune=True)
    assert "as </mediawiki> does" in capsys.readouterr().err
    assert len(titles(muse)) == 6


NOTHING = {
    "JSON": b'[\n{"type": "item", "id": "Q1"}\n]\n',
    "an HTML page": b"<!DOCTYPE html>\n<html>502</html>",
    "it is empty": b"",
    "a MediaWiki XML dump": dump_of(
        page("Talk:A", id=9, ns=1), page("User:A", id=8, ns=2)
    ).encode(),
}


@pytest.mark.parametrize("kind", NOTHING)
def test_a_source_without_articles_changes_nothing(load, muse, kind, tmp_path, capsys):
    load(dump_of(*articles(25), *redirects(2)), prune=True)
    with pytest.raises(Problem, match=f"no page is in it .* nothing was changed: .*{kind}"):
        load(NOTHING[kind], prune=True)
    assert not refresh(muse)
    assert kind in capsys.readouterr().err
    assert (len(titles(muse)), len(titles(muse, "wikipedia_redirects"))) == (25, 2)


def test_at_most_a_tenth_of_either_kind_is_pruned(load, muse, capsys):
    load(dump_of(*articles(25), *redirects(300)))
    for pages in ([*articles(22, revision=11), *redirects(300)], [*articles(25), *redirects(200)]):
        assert not load(dump_of(*pages), prune=True)
        assert "nothing is pruned" in capsys.readouterr().err
        assert (len(titles(muse)), len(titles(muse, "wikipedia_redirects"))) == (25, 300)
    query = "select count(*) from wikipedia where revision_id = 11"
    assert muse.execute(query).fetchone() == (22,)  # the load is kept
    assert load(dump_of(*articles(23), *redirects(290)), prune=True)
    assert (len(titles(muse)), len(titles(muse, "wikipedia_redirects"))) == (23, 290)


def test_refresh_uses_the_stored_share(load, muse, tmp_path):
    load(dump_of(*articles(25)), prune=True, max_prune=0.5)
    (tmp_path / "dump.xml").write_text(dump_of(*articles(15)))
    assert refresh(muse)
    assert len(titles(muse)) == 15


def test_one_file_of_several_prunes_nothing(load, muse, capsys):
    """Large wikis come in parts: pages of the others are not in this one."""
    load(dump_of(*articles(3)), name="part1.xml")
    load(dump_of(*articles(3, start=4)), name="part2.xml")
    assert not load(dump_of(*articles(2)), name="part1.xml", prune=True)
    assert len(titles(muse)) == 6
    error = capsys.readouterr().err
    assert "nothing is pruned: rows may also come from" in error
    (other,) = muse.execute("select location from sources where location ~ 'part2'").fetchone()
    assert other in error
    forget_source(muse, other)  # its pages stay
    assert load(dump_of(*articles(2)), name="part1.xml", prune=True)
    assert titles(muse) == ["A & 1", "A & 2"]


def test_the_sample_prunes_nothing(load, muse):
    assert load(dump_of(*articles(5)))
    query = "select title, xmin::text from wikipedia order by title"
    before = muse.execute(query).fetchall()
    assert not load(dump_of(*articles(5)), sample=True, prune=True, max_prune=1)
    assert set(before) < set(muse.execute(query).fetchall())


def test_an_interrupted_load_resumes_and_prunes(load, muse, monkeypatch):
    pages = articles(5)
    load(dump_of(*pages))
    pages[2] = BROKEN["no XML"](pages[2])
    with monkeypatch.context() as patch:
        patch.setattr("loaders.core.dumps.load.delete_stale_chunks", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(dump_of(*pages[:4]))
    muse.execute("delete from wikipedia where title = 'A & 1'")  # another load's work
    assert load(dump_of(*pages[:4]), prune=True)
    assert titles(muse) == ["A & 1", "A & 2", "A & 3", "A & 4"]


def interrupt(*arguments):
    raise KeyboardInterrupt


def test_a_gap_of_zeros_may_have_swallowed_pages(load, muse, capsys):
    text = dump_of(*articles(30)).encode()
    load(text)
    start, end = (text.index(title) + 20 for title in (b"A &amp; 11<", b"A &amp; 13<"))
    assert not load(text[:start] + bytes(end - start) + text[end:], prune=True)
    assert "without a readable id" in capsys.readouterr().err
    assert len(titles(muse)) == 30
