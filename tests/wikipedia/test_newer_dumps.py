"""Loads over stored pages: newer, older, the same, interrupted."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from loaders.core import db as connections
from loaders.wikipedia import dump, staging
from loaders.wikipedia.load import WikipediaOptions
from tests.factories.loads import load_wikipedia as load_all
from tests.factories.wikipedia import RAND, dump_of, page, small, titles


def test_a_newer_dump_writes_changed_pages_only(load, muse, capsys):
    load(small())
    before = muse.execute("select xmin from wikipedia where title = 'Cat & <dog>'").fetchone()
    load(dump_of(
        page("Ayn Rand", "new", id=339, revision=11),
        page("Cat & <dog>", "text", id=5),
        page("AynRand", "no redirect any more", id=2, revision=12),
        page("Alisa R.", id=3, redirect="AynRand"),
    ), name="newer.xml")  # fmt: skip
    assert "2 unchanged" in capsys.readouterr().err
    assert titles(muse) == ["Ayn Rand", "AynRand", "Cat & <dog>"]
    assert muse.execute("select wikitext from wikipedia where page_id = 339").fetchone() == ("new",)
    after = muse.execute("select xmin from wikipedia where title = 'Cat & <dog>'").fetchone()
    assert after == before
    assert muse.execute("select title, article from wikipedia_redirects").fetchall() == [
        ("Alisa R.", "AynRand")
    ]


def test_an_older_dump_changes_nothing(load, muse):
    load(dump_of(page("A", "new", revision=20), page("C", id=3, revision=20, redirect="A")))
    load(
        dump_of(page("B", "old", revision=5), page("A", id=2, revision=6, redirect="B"),
              page("C", "old", id=3, revision=7)),
        name="older.xml",
    )  # fmt: skip
    assert muse.execute("select wikitext from wikipedia where title = 'A'").fetchone() == ("new",)
    assert muse.execute("select target from wikipedia_redirects where title = 'C'").fetchone() == (
        "A",
    )


def test_pages_that_were_renamed(load, muse):
    load(dump_of(page("A", "one", id=1), page("B", "two", id=2), page("C", "three", id=3)))
    load(dump_of(
        page("A", "two", id=2, revision=11), page("B", "one", id=1, revision=12),
        page("D", "three", id=3, revision=13), page("C", id=4, revision=14, redirect="D"),
    ), name="newer.xml")  # fmt: skip
    query = "select title, page_id, wikitext from wikipedia order by title"
    assert muse.execute(query).fetchall() == [("A", 2, "two"), ("B", 1, "one"), ("D", 3, "three")]


def test_prune(load, muse):
    load(small())
    load(dump_of(page("Ayn Rand", RAND, id=339)), prune=True)
    assert titles(muse) == ["Ayn Rand"]
    assert titles(muse, "wikipedia_redirects") == []


def test_an_interrupted_load_resumes(load, muse, monkeypatch):
    text = dump_of(*(page(f"Page {n}", "x" * 200, id=n + 1) for n in range(300)))
    monkeypatch.setattr(dump.chunks, "__defaults__", (20_000,))
    parsed = []
    original = staging.read

    def dies(chunk, *arguments):
        parsed.append(chunk.first)
        if len(parsed) == 4:
            raise KeyboardInterrupt
        return original(chunk, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(staging, "read", dies)
        with pytest.raises(KeyboardInterrupt):
            load(text)
    assert titles(muse) == []
    again = []
    monkeypatch.setattr(
        staging, "read", lambda *arguments: again.append(arguments[0].first) or original(*arguments)
    )
    assert load(text)
    assert len(titles(muse)) == 300
    assert again
    assert not set(parsed[:3]) & set(again)


def test_a_second_load_waits_and_names_the_first(load, muse, capsys):
    with connections.connect_to_load(autocommit=True) as other, ThreadPoolExecutor() as pool:
        with connections.lock(other, "wikipedia"):
            waiting = pool.submit(load, small())
            while not muse.execute("select from pg_locks where not granted").rowcount:
                assert not waiting.done()
        waiting.result(30)
    assert "of muse_loader" not in (said := capsys.readouterr().err)
    assert re.search(r"waiting: process \d+ of postgres on pgmuse holds the lock 'wikipedia'", said)


def test_an_unchanged_dump_is_not_read_again(load, muse, capsys):
    load(small())
    capsys.readouterr()
    assert load_all(
        muse,
        WikipediaOptions(source=muse.execute("select location from sources").fetchone()[0]),
    )
    assert "unchanged, skipped" in capsys.readouterr().err
