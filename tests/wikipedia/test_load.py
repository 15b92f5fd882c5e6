"""Wikipedia: dumps in, articles, their categories and images out."""

import bz2
import gzip
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest
from backports import zstd

from loaders.core import db as connections
from loaders.core.dumps.load import Options
from loaders.core.errors import Problem
from loaders.wikipedia import dump, staging, wikitext
from loaders.wikipedia.command import load_all
from loaders.wikipedia.names import Beyond

PACKED = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstd.compress, "plain": bytes}
HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="en">
  <siteinfo><sitename>Wikipedia</sitename><dbname>enwiki</dbname></siteinfo>
"""


def page(title, text="", *, id=1, revision=10, ns=0, redirect=None, time="2024-05-06T07:08:09Z"):
    """A page of a dump; the contributor's id must not be taken for the page's."""
    lead = f'\n    <redirect title="{escape(redirect)}" />' if redirect else ""
    return f"""  <page>
    <title>{escape(title, quote=False)}</title>
    <ns>{ns}</ns>
    <id>{id}</id>{lead}
    <revision>
      <id>{revision}</id>
      <timestamp>{time}</timestamp>
      <contributor><username>Somebody</username><id>77</id></contributor>
      <model>wikitext</model>
      <text bytes="{len(text)}" xml:space="preserve">{escape(text, quote=False)}</text>
    </revision>
  </page>
"""


def whole(*pages):
    return HEAD + "".join(pages) + "</mediawiki>\n"


RAND = """{{Use mdy dates}} <!-- {{Infobox hidden}} [[Category:Hidden]] -->
{{Infobox Writer
| name = Ayn Rand <!-- Alisa -->
| image = File:ayn_Rand.jpg
}}
'''Ayn Rand''' {{cite web|url={{lc:X}}}} <nowiki>{{Not read}} [[Category:Not read]]</nowiki>
[[:Category:Only named]] [[Category:1905 births|Rand]] [[category: Novels_by Ayn Rand ]]
{{DEFAULTSORT:Rand, Ayn}}"""


def small():
    return whole(
        page("Ayn Rand", RAND, id=339),
        page("AynRand", "#REDIRECT [[Ayn Rand]]", id=2, redirect="Ayn Rand"),
        page("Alisa R.", "#REDIRECT [[AynRand]]", id=3, redirect="AynRand"),
        page("Talk:Ayn Rand", "{{Talk}}", id=4, ns=1),
        page("Cat & <dog>", "text", id=5),
    )


@pytest.fixture
def muse(fresh):
    """An empty database, connected to as a loader does."""
    with connections.connect_to_load(autocommit=True) as conn:
        yield conn


@pytest.fixture
def load(muse, tmp_path):
    """Load a dump; what the command says of it."""

    def work(text, *, name="dump.xml", pack="plain", **options):
        path = tmp_path / name
        path.write_bytes(PACKED[pack](text if isinstance(text, bytes) else text.encode()))
        # In this process: starting others takes most of a second.
        return load_all(muse, str(path), Options(**{"workers": 0} | options))

    return work


def errors(conn):
    query = (
        "select place, reason from load_errors where run_id = (select max(run_id) from load_runs)"
    )
    return dict(conn.execute(query + " order by number").fetchall())


def titles(conn, table="wikipedia"):
    return [row[0] for row in conn.execute(f'select title from {table} order by title collate "C"')]


# What a dump becomes ------------------------------------------------------------------------------


def test_an_article_and_all_that_is_known_of_it(load, muse):
    assert load(small(), workers=2)
    row = muse.execute("select * from wikipedia where title = 'Ayn Rand'")
    found = dict(zip([column.name for column in row.description], row.fetchone(), strict=True))
    found["revised_at"] = found["revised_at"].isoformat()[:10]
    assert found == {
        "title": "Ayn Rand", "page_id": 339, "revision_id": 10, "revised_at": "2024-05-06",
        "infobox": "writer", "image": "Ayn Rand.jpg",
        "templates": ["use mdy dates", "infobox writer", "cite web"],
        "categories": ["1905 births", "novels by ayn rand"],
        "general": ["1905 births", "novels"], "wikitext": RAND, "kept_as": staging.VERSION,
    }  # fmt: skip
    assert titles(muse) == ["Ayn Rand", "Cat & <dog>"]


def test_the_worked_query(load, muse):
    load(small())
    query = "where infobox = 'writer' and categories @> array['1905 births']"
    for table in ("wikipedia", "articles"):
        assert muse.execute(f"select title from {table} {query}").fetchall() == [("Ayn Rand",)]


def test_redirects_are_kept_apart_and_followed(load, muse):
    load(small())
    query = "select title, target, article from wikipedia_redirects order by title"
    assert muse.execute(query).fetchall() == [
        ("Alisa R.", "AynRand", "Ayn Rand"), ("AynRand", "Ayn Rand", "Ayn Rand"),
    ]  # fmt: skip
    for title, article in (("Alisa R.", "Ayn Rand"), ("Ayn Rand", "Ayn Rand"), ("x", None)):
        assert muse.execute("select article_title(%s)", (title,)).fetchone() == (article,)


def test_redirects_in_a_circle_end(load, muse):
    pages = [page(a, redirect=b, id=i) for i, (a, b) in enumerate(["AB", "BA", "CC"], 1)]
    assert load(whole(*pages))
    assert len(titles(muse, "wikipedia_redirects")) == 3


def test_articles_know_their_items(load, muse):
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
    """A stream for the head, one for every hundred pages, one for the end, as Wikipedia packs it."""
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
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/dump.xml.bz2?token=secret"
        for _ in range(2):
            assert load_all(muse, url, Options(workers=0), contact="test@example.org")
        server.shutdown()
    assert len(titles(muse)) == 2
    assert "unchanged since it was loaded" in capsys.readouterr().err
    assert muse.execute("select location from sources").fetchall() == [(url.partition("?")[0],)]
    assert muse.execute("select from sources where options::text ~ 'secret'").fetchall() == []


def test_the_sample(muse):
    assert load_all(muse, None, Options(), sample=True)
    count = "select count(*), count(image) from wikipedia"
    assert muse.execute(count).fetchone() == (106, 88)
    query = "select title from wikipedia where infobox = 'writer' and categories @> array['1905 births']"
    assert muse.execute(query).fetchall() == [("Ayn Rand",)]
    assert muse.execute("select article_title('AfghanistanHistory')").fetchone() != (None,)


def test_of_several_revisions_the_newest_counts(load, muse):
    old, new = page("A", "old", revision=10), page("A", "new", revision=11)
    revision = new[new.index("    <revision>") : new.index("  </page>")]
    assert load(whole(old.replace("    </revision>\n", "    </revision>\n" + revision)))
    query = "select wikitext, revision_id from wikipedia"
    assert muse.execute(query).fetchall() == [("new", 11)]


# Refresh ------------------------------------------------------------------------------------------


def test_a_newer_dump_changes_what_changed(load, muse, capsys):
    load(small())
    before = muse.execute("select xmin from wikipedia where title = 'Cat & <dog>'").fetchone()
    load(whole(
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
    load(whole(page("A", "new", revision=20), page("C", id=3, revision=20, redirect="A")))
    load(
        whole(page("B", "old", revision=5), page("A", id=2, revision=6, redirect="B"),
              page("C", "old", id=3, revision=7)),
        name="older.xml",
    )  # fmt: skip
    assert muse.execute("select wikitext from wikipedia where title = 'A'").fetchone() == ("new",)
    assert muse.execute("select target from wikipedia_redirects where title = 'C'").fetchone() == (
        "A",
    )


def test_pages_that_were_renamed(load, muse):
    load(whole(page("A", "one", id=1), page("B", "two", id=2), page("C", "three", id=3)))
    load(whole(
        page("A", "two", id=2, revision=11), page("B", "one", id=1, revision=12),
        page("D", "three", id=3, revision=13), page("C", id=4, revision=14, redirect="D"),
    ), name="newer.xml")  # fmt: skip
    query = "select title, page_id, wikitext from wikipedia order by title"
    assert muse.execute(query).fetchall() == [("A", 2, "two"), ("B", 1, "one"), ("D", 3, "three")]


def test_prune(load, muse):
    load(small())
    load(whole(page("Ayn Rand", RAND, id=339)), name="newer.xml", prune=True)
    assert titles(muse) == ["Ayn Rand"]
    assert titles(muse, "wikipedia_redirects") == []


def test_a_limit(load, muse):
    assert load(small(), limit=2)
    assert (titles(muse), titles(muse, "wikipedia_redirects")) == (["Ayn Rand"], ["AynRand"])


def test_an_interrupted_load_goes_on(load, muse, monkeypatch):
    text = whole(*(page(f"Page {n}", "x" * 200, id=n + 1) for n in range(300)))
    monkeypatch.setattr(dump.chunks, "__defaults__", (20_000,))
    parsed = []
    original = staging.read

    def dies(chunk, limit=None):
        parsed.append(chunk.first)
        if len(parsed) == 4:
            raise KeyboardInterrupt
        return original(chunk, limit)

    with monkeypatch.context() as patch:
        patch.setattr(staging, "read", dies)
        with pytest.raises(KeyboardInterrupt):
            load(text)
    assert titles(muse) == []
    again = []
    monkeypatch.setattr(
        staging, "read", lambda *given: again.append(given[0].first) or original(*given)
    )
    assert load(text)
    assert len(titles(muse)) == 300
    assert again
    assert not set(parsed[:3]) & set(again)


def test_a_second_load_waits_and_says_for_whom(load, muse, capsys):
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
    assert load_all(muse, muse.execute("select location from sources").fetchone()[0], Options())
    assert "unchanged since it was loaded" in capsys.readouterr().err


def test_the_first_load_leaves_the_indexes_of_the_revision(load, muse):
    query = "select indexname, indexdef from pg_indexes where tablename = 'wikipedia' order by 1"
    before = muse.execute(query).fetchall()
    load(small())
    assert muse.execute(query).fetchall() == before
    assert len(before) == 6


# Bad input ----------------------------------------------------------------------------------------


def test_pages_that_cannot_be_used_lose_no_others(load, muse):
    good = page("Good", "good", id=100)
    assert load(whole(
        good,
        page("", "no title", id=2),
        page("x" * 256, "a long title", id=3),
        page("No revision", id=4).replace("<revision>", "<old>").replace("</revision>", "</old>"),
        page("Broken", id=5).replace("</title>", "</titel>"),
        page("No end", id=6).replace("</page>", ""),
        page("After it", "x", id=7),
        page("N\0UL", "a\x01b", id=8),
        page("Reference", "HERE", id=9).replace("HERE", "&#0;&#x1f;&#xfffe;&#65;"),
        page("No id", id=10).replace("<id>10</id>", ""),
        page("No space", id=11).replace("<ns>0</ns>", ""),
        page("Good", "better", id=101, revision=11),
        page("Same id", "x", id=101, revision=9),
        page("Stub", id=12).replace('bytes="0"', 'bytes="99"'),
        "what is no page",
        page("Last", id=13),
    ).replace("After it", "After\x07it").encode().replace(b"Last", b"L\xffst"))  # fmt: skip
    assert titles(muse) == [
        "After\N{REPLACEMENT CHARACTER}it", "Good", "L\N{REPLACEMENT CHARACTER}st",
        "N\N{REPLACEMENT CHARACTER}UL", "Reference",
    ]  # fmt: skip
    found = muse.execute("select place, reason from load_errors").fetchall()
    for place, reason in (
        ("page 1", "Good is there more than once"), ("page 2", "no title"),
        ("page 3", "more than 255 bytes"), ("page 4", "no revision"), ("page 5", "not XML"),
        ("page 6", "does not end"), ("page 7", "invalid characters"),
        ("page 8", "invalid characters"), ("page 9", "invalid characters"),
        ("page 10", "no id of the page"), ("page 11", "no ns of the page"),
        ("page 13", "id 101 is there more than once"), ("page 14", "not in this dump"),
        ("page 14", "what is no page"), ("page 15", "invalid characters"),
    ):  # fmt: skip
        assert any(
            place == where.partition(",")[0] and reason in why for where, why in found
        ), (place, reason, found)  # fmt: skip
    assert len(found) == 15
    text = "select wikitext from wikipedia where title = 'Reference'"
    assert muse.execute(text).fetchone() == ("\N{REPLACEMENT CHARACTER}" * 3 + "A",)


def test_the_first_page_may_be_broken_too(load, muse):
    assert load(whole(page("A", id=1).replace("<page>", "<pag>"), page("B", id=2)))
    assert titles(muse) == ["B"]
    assert errors(muse) == {"page 1": "no page begins here"}


def test_entities_expand_to_nothing(load, muse, tmp_path):
    (tmp_path / "secret").write_text("secret")
    bomb = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(12)
    )
    head = f'<!DOCTYPE m [{bomb}<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>\n'
    pages = [
        page("Bomb", "HERE", id=1).replace("HERE", "&l11;"),
        page("File", "HERE", id=2).replace("HERE", "&x;"),
        page("Good", id=3),
        page("Inner", id=4).replace("<page>", "<page><!DOCTYPE m [<!ENTITY y 'z'>]>"),
    ]
    assert load(head + whole(*pages))
    assert titles(muse) == ["Good"]
    assert "undefined entity" in errors(muse)["page 1"]
    assert "undefined entity" in errors(muse)["page 2"]
    assert "not XML" in errors(muse)["page 4"]


@pytest.mark.parametrize(
    "unit",
    [
        "{{infobox x|image=",
        "[[File:a.jpg",
        "<!--",
        "<nowiki>",
        "<ref>",
        "{|\n",
        "[//a",
        "|x=",
        "\n*",
    ],
)
def test_what_no_article_is_like_takes_no_time(unit):
    began = time.process_time()
    for many in (1000, 100_000):
        with suppress(Beyond):
            wikitext.extract("{{Infobox x|image=[[File:a.jpg]]|b=" + unit * many + "|c=d.jpg}}")
    assert time.process_time() - began < 3


@pytest.mark.parametrize("unit", ["{{", "[[", "{{a|", "[[a|"])
def test_what_is_nested_too_deeply_is_said(unit):
    with pytest.raises(Beyond, match="more than 200 times"):
        wikitext.extract("{{Infobox x|image=a.jpg|b=" + unit * 100_000)


def test_what_is_not_read_is_kept_as_its_wikitext(load, muse, monkeypatch):
    monkeypatch.setattr(wikitext, "LONGEST", 400_000)
    deep = "{{a|" * 100_000
    many = "".join(f"{{{{t{n}}}}}" for n in range(3000))
    pages = [page("Deep", deep, id=1), page("Long", "a " * 200_001, id=2), page("Good", id=3),
             page("Many", many, id=4)]  # fmt: skip
    assert load(whole(*pages))
    found = errors(muse)
    assert "more than 200 times: kept as its wikitext alone" in found["page 1, Deep"]
    assert "400,002 characters: kept as its wikitext alone" in found["page 2, Long"]
    assert "templates or categories" in found["page 4, Many"]
    lengths = dict(muse.execute("select title, length(wikitext) from wikipedia").fetchall())
    assert lengths == {"Deep": len(deep), "Long": 400_002, "Good": 0, "Many": len(many)}


def test_a_page_longer_than_any_is_passed_over(load, muse, monkeypatch):
    monkeypatch.setattr(dump, "LONGEST", 200_000)
    monkeypatch.setattr(dump.chunks, "__defaults__", (50_000,))
    assert load(whole(page("A", id=1), page("Huge", "x" * 900_000, id=2), page("B", id=3)))
    assert titles(muse) == ["A", "B"]
    assert "longer than" in errors(muse)["page 2"]


@pytest.mark.parametrize("pack", PACKED)
def test_a_cut_off_dump_gives_what_came_before(load, muse, pack, capsys):
    load(whole(page("Stays", id=9999)), name="before.xml")
    text = whole(*(page(f"Page {n}", os.urandom(300).hex(), id=n + 1) for n in range(3000)))
    packed = PACKED[pack](text.encode())
    assert not load(packed[: len(packed) * 3 // 4], name=f"cut.{pack}", prune=True)
    assert len(titles(muse)) > 700
    assert "Stays" in titles(muse)  # half a dump prunes nothing
    assert any("cut off" in reason for reason in errors(muse).values())
    assert "what came before it is loaded" in capsys.readouterr().err


def test_what_is_no_dump_is_said(load, muse):
    for text in ("", "{}\n" * 1000, whole()):
        with pytest.raises(Problem, match="no page is in it"):
            load(text, name=f"{len(text)}.xml")


def test_too_much_that_is_wrong_changes_nothing(load, muse):
    load(small())
    bad = [page("", id=n + 1) for n in range(3)]
    with pytest.raises(Problem, match="more than 2 entries cannot be used"):
        load(whole(*bad, page("Ayn Rand", "new", id=339, revision=99)), name="b.xml", max_bad=2)
    assert muse.execute("select revision_id from wikipedia where page_id = 339").fetchone() == (10,)
    assert len(errors(muse)) == 3


# Images -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("{{Infobox x|image=foo bar.JPG}}", "Foo bar.JPG"),
        ("{{Infobox x|image = File:a_b.svg | other = c.png}}", "A b.svg"),
        ("{{Infobox x|image=[[Image:a.webp|200px|Caption with [[link]]]]}}", "A.webp"),
        ("{{Infobox x\n| image_flag = Flag.svg\n| image_map = Map.svg\n| photo = P.tiff}}", "P.tiff"),
        ("{{Infobox x|image_flag=Flag of X.svg}} [[File:later.jpg]]", "Flag of X.svg"),
        ("{{Infobox x|signature=S.svg}} [[File:later.jpg|thumb]]", "Later.jpg"),
        ("{{Infobox x|signature=S.svg}}", "S.svg"),
        ("{{Infobox x|image={{CSS image crop|Image = In.jpg|bSize=2}}}}", "In.jpg"),
        ("{{Infobox x|country={{flagicon|image=F.svg}}|logo=L.gif}}", "L.gif"),
        ("{{Infobox x|alt=not.jpg|caption=[[File:no.jpg]]}}", "No.jpg"),
        ("{{Infobox x|image=a.jpg<!-- note -->}}", "A.jpg"),
        ("{{Infobox x|image=<!-- a.jpg -->}} [[File:B.png|thumb|x]]", "B.png"),
        ("[[File:Wiki.svg|20px]] {{flagicon|image=F.svg}} [[File:Real.png|thumb|220px]]", "Real.png"),
        ("[[:File:named.jpg]] [[Media:m.jpg]] text a.jpg", None),
        ("[[File:sound.ogg]] [[File:film.webm]] [[File:paper.pdf]]", None),
        ("<gallery>\nFile:g one.jpg|Caption\nFile:two.jpg\n</gallery>", "G one.jpg"),
        ("{{multiple image|width=200|image1=M1.jpg|image2=M2.jpg}}", "M1.jpg"),
        ("{{Taxobox|name=x|image=T.jpg}} [[File:first.png]]", "T.jpg"),
        ("[[File:first.png]] {{Infobox x|image=T.jpg}}", "T.jpg"),
        ("[[file:a%20b&amp;c.jpg|thumb]]", "A b&c.jpg"),
        ("<nowiki>[[File:a.jpg]]</nowiki>", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_first_image(text, image):
    assert wikitext.extract(text).image == image


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{ Foo_bar }} {{foo  bar|x}} {{Foo bar\n|x}}", ["foo bar"]),
        ("{{a|{{b|[[c]]}}|{{{arg|{{d}}}}}}}", ["a", "b", "d"]),
        ("{{#if:x|{{y}}}} {{PAGENAME}} {{!}}", ["y"]),
        ("{{not\nclosed on its line}} {{{1}}}", []),
        ("<math>\\frac{{a}}{{b}}</math> <nowiki/>{{c}} <!-- {{d}}", ["c"]),
    ],
)
def test_templates(text, names):
    assert list(wikitext.extract(text).templates) == names


# SQL ----------------------------------------------------------------------------------------------


def plan(conn, query):
    return "\n".join(row[0] for row in conn.execute("explain " + query))


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
            ("title = 'Page 7'", "wikipedia_pkey"),
            ("page_id = 7", "wikipedia_page_id"),
        ):
            found = plan(db, f"select * from {table} where {where}")
            assert index in found, (table, where, found)
            assert "Seq Scan" not in found or table == "articles", (table, where, found)
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


def test_readers_ask_and_do_not_write(db):
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
