"""Loads of dumps: articles, redirects, categories."""

import bz2
import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from loaders.wikipedia import VERSION
from loaders.wikipedia.load import WikipediaOptions
from tests.factories.archives import PACKED
from tests.factories.loads import load_wikipedia as load_all
from tests.factories.wikipedia import HEAD, RAND, dump_of, page, small, titles


def test_all_columns_of_an_article(load, muse):
    assert load(small(), workers=2)
    row = muse.execute("select * from wikipedia where title = 'Ayn Rand'")
    fields = dict(zip([column.name for column in row.description], row.fetchone(), strict=True))
    fields["revised_at"] = fields["revised_at"].isoformat()[:10]
    assert fields == {
        "wiki": "enwiki", "title": "Ayn Rand", "page_id": 339, "revision_id": 10, "revised_at": "2024-05-06",
        "infobox": "writer", "image": "Ayn Rand.jpg",
        "templates": ["use mdy dates", "infobox writer", "cite web"],
        "categories": ["1905 births", "novels by ayn rand"],
        "general": ["1905 births", "novels"], "wikitext": RAND, "kept_as": VERSION,
    }  # fmt: skip
    assert titles(muse) == ["Ayn Rand", "Cat & <dog>"]


def test_the_worked_query(load, muse):
    load(small())
    query = "where infobox = 'writer' and categories @> array['1905 births']"
    for table in ("wikipedia", "articles"):
        assert muse.execute(f"select title from {table} {query}").fetchall() == [("Ayn Rand",)]


def test_redirects_have_their_own_table_and_are_followed(load, muse):
    load(small())
    query = "select title, target, article from wikipedia_redirects order by title"
    assert muse.execute(query).fetchall() == [
        ("Alisa R.", "AynRand", "Ayn Rand"), ("AynRand", "Ayn Rand", "Ayn Rand"),
    ]  # fmt: skip
    for title, article in (("Alisa R.", "Ayn Rand"), ("Ayn Rand", "Ayn Rand"), ("x", None)):
        assert muse.execute("select article_title(%s)", (title,)).fetchone() == (article,)


def test_redirects_in_a_circle_end(load, muse):
    pages = [page(a, redirect=b, id=i) for i, (a, b) in enumerate(["AB", "BA", "CC"], 1)]
    assert load(dump_of(*pages))
    assert len(titles(muse, "wikipedia_redirects")) == 3


def test_articles_are_joined_with_their_items(load, muse):
    load(small())
    for row in (("Q1", "Ayn Rand", "writer"), ("Q2", "Alisa R.", "the same"), ("Q3", "Nobody", "")):
        muse.execute(
            "insert into wikidata (wikidata_id, wikipedia_id, title) values (%s, %s, %s)", row
        )
    query = "select title, wikidata_id, label, linked_title from articles order by 1, 2"
    assert muse.execute(query).fetchall() == [
        ("Ayn Rand", "Q1", "writer", "Ayn Rand"), ("Ayn Rand", "Q2", "the same", "Alisa R."),
        ("Cat & <dog>", None, None, None),
    ]  # fmt: skip
    count = "select category, count(*) from article_categories group by 1 order by 1"
    assert muse.execute(count).fetchall() == [("1905 births", 1), ("novels by ayn rand", 1)]


@pytest.mark.parametrize("pack", PACKED)
def test_any_packing_gives_the_same(load, muse, pack):
    assert load(small(), pack=pack, name=f"x.{pack}")
    assert titles(muse) == ["Ayn Rand", "Cat & <dog>"]


def test_a_multistream_archive(load, muse):
    """As at Wikipedia: a stream for the head, one per hundred pages, one for the end."""
    pages = [page(f"Page {n}", os.urandom(200).hex(), id=n + 1) for n in range(300)]
    parts = [HEAD, *("".join(pages[at : at + 100]) for at in (0, 100, 200)), "</mediawiki>\n"]
    assert load(b"".join(bz2.compress(part.encode()) for part in parts), workers=2)
    assert len(titles(muse)) == 300


def test_standard_input(muse):
    command = [sys.executable, "-m", "loaders", "load", "wikipedia", "-", "--workers", "1"]
    done = subprocess.run(command, input=bz2.compress(small().encode()), capture_output=True)
    assert done.returncode == 0, done.stderr
    assert len(titles(muse)) == 2


def test_an_address(muse, tmp_path, capsys):
    (tmp_path / "dump.xml.bz2").write_bytes(bz2.compress(small().encode()))
    files = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), files) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/dump.xml.bz2?token=secret"
        for _ in range(2):
            assert load_all(
                muse, WikipediaOptions(source=url, workers=0, contact="test@example.org")
            )
        server.shutdown()
    assert len(titles(muse)) == 2
    assert "unchanged, skipped" in capsys.readouterr().err
    assert muse.execute("select location from sources").fetchall() == [(url.partition("?")[0],)]
    assert muse.execute("select from sources where options::text ~ 'secret'").fetchall() == []


def test_the_sample(muse):
    assert load_all(muse, WikipediaOptions(sample=True))
    count = "select count(*), count(image) from wikipedia"
    assert muse.execute(count).fetchone() == (106, 88)
    query = "select title from wikipedia where infobox = 'writer' and categories @> array['1905 births']"
    assert muse.execute(query).fetchall() == [("Ayn Rand",)]
    assert muse.execute("select article_title('AfghanistanHistory')").fetchone() != (None,)


def test_of_several_revisions_the_newest_counts(load, muse):
    old, new = page("A", "old", revision=10), page("A", "new", revision=11)
    revision = new[new.index("    <revision>") : new.index("  </page>")]
    assert load(dump_of(old.replace("    </revision>\n", "    </revision>\n" + revision)))
    query = "select wikitext, revision_id from wikipedia"
    assert muse.execute(query).fetchall() == [("new", 11)]


def test_a_limit(load, muse):
    assert load(small(), limit=2)
    assert (titles(muse), titles(muse, "wikipedia_redirects")) == (["Ayn Rand"], ["AynRand"])


def test_the_first_load_leaves_the_indexes_of_the_revision(load, muse):
    query = "select indexname, indexdef from pg_indexes where tablename = 'wikipedia' order by 1"
    before = muse.execute(query).fetchall()
    load(small())
    assert muse.execute(query).fetchall() == before
    assert len(before) == 6
