"""Single pages from MediaWiki's API: by their titles, and for classes of Wikidata."""

import subprocess
import sys

import pytest
from psycopg.types.json import Jsonb

from loaders.admin.refresh import refresh
from loaders.core.errors import Problem
from loaders.core.http.client import Client
from loaders.wikipedia import single
from loaders.wikipedia.load import WikipediaOptions, load_titles
from tests.factories.wikipedia import titles
from tests.servers import mediawiki
from tests.servers.faults import busy_for, forbidden, lagged

KATZE = "{{Infobox Tier|Bild=katze.jpg}} <b>&amp;</b> [[Kategorie:Haustier]] [[Bild:B.png]]"


@pytest.fixture
def wiki():
    with mediawiki.running() as server:
        server.texts = {
            "Katze": KATZE,
            "Hauskatze": "#WEITERLEITUNG [[Katze]]",
            "Hund": "[[Bild:Hund.jpg|mini]]",
            "Kategorie:Tier": "x",
        }
        yield server


@pytest.fixture
def waits():
    return []


@pytest.fixture
def fetch(wiki, muse, tmp_path, waits):
    """Fetch pages by their titles; returns the result."""

    def work(text=None, **options):
        if text is not None:
            (tmp_path / "titles").write_text(text)
            options["titles"] = str(tmp_path / "titles")
        client = Client("me@example.org", sleep=waits.append)
        return load_titles(muse, WikipediaOptions(api=wiki.url, **options), client)

    return work


def texts(wiki):
    """The numbers of pages whose text was requested."""
    return [id for one in wiki.requests for id in one.get("pageids", "").split("|") if id]


def test_pages_by_title_and_the_targets_of_redirects(fetch, wiki, muse):
    result = fetch("hauskatze  # in lower case\n\nhttps://de.wikipedia.org/wiki/Hund#Rassen\n")
    assert (result.written, result.is_good) == (3, True)
    query = "select wiki, title, image, categories, infobox, revision_id from wikipedia order by 2"
    assert muse.execute(query).fetchall() == [
        ("dewiki", "Hund", "Hund.jpg", [], None, 10),
        ("dewiki", "Katze", "Katze.jpg", ["haustier"], "tier", 10),
    ]  # fmt: skip
    assert muse.execute("select article_title('Hauskatze', 'dewiki')").fetchone() == ("Katze",)
    assert muse.execute("select wikitext from wikipedia where title = 'Katze'").fetchone() == (
        KATZE,
    )  # fmt: skip
    assert all(one["maxlag"] == "5" for one in wiki.requests)
    assert all("me@example.org" in one["User-Agent"] for one in wiki.headers)


def test_stored_revisions_are_not_fetched_again(fetch, wiki):
    fetch("Katze\nHauskatze\nHund")
    wiki.requests.clear()
    assert fetch("Katze\nHauskatze\nHund").is_unchanged
    assert texts(wiki) == []
    wiki.revisions["Hund"] = 11
    wiki.texts["Hund"] = "new"
    result = fetch("Katze\nHauskatze\nHund")
    assert (result.written, result.unchanged) == (1, 2)
    assert len(texts(wiki)) == 1
    assert fetch("Katze", again=True).unchanged == 1
    assert len(texts(wiki)) == 2


def test_it_goes_on_where_it_was_interrupted(fetch, wiki, muse, monkeypatch):
    monkeypatch.setattr(single, "PORTION", 1)
    wiki.faults = [None, None, None, forbidden]  # siteinfo, a page and its text, the next page
    with pytest.raises(Problem, match="403"):
        fetch("Hund\nKatze")
    assert titles(muse) == ["Hund"]
    wiki.requests.clear()
    fetch("Hund\nKatze")
    assert titles(muse) == ["Hund", "Katze"]
    assert len(texts(wiki)) == 1


def test_what_is_no_article_is_reported(fetch, muse, capsys):
    result = fetch("Hund\nEinhorn\nKategorie:Tier\na|b\n")
    assert (result.written, result.bad) == (1, 3)
    assert dict(muse.execute("select place, reason from load_errors").fetchall()) == {
        "Einhorn": "there is no such page", "Kategorie:Tier": "a page that is no article",
        "a|b": "no title",
    }  # fmt: skip
    assert fetch("Einhorn").bad == 1
    assert "Einhorn: there is no such page" in capsys.readouterr().err


def test_the_service_is_busy_or_cuts_off_its_answer(fetch, wiki, waits):
    wiki.faults = [busy_for("7"), lagged]
    wiki.at_once = 1
    assert fetch("Hund\nKatze").written == 2
    assert waits[0] == 7


def test_articles_of_classes(fetch, wiki, muse):
    with pytest.raises(Problem, match="load wikidata --class-items --sitelink dewiki loads these"):
        fetch(for_classes=True)
    insert = "insert into wikidata (wikidata_id, class_ids, sitelinks) values (%s, %s, %s)"
    muse.execute(insert, ("Q1", ["Q146", "Q144"], Jsonb({})))
    muse.execute(insert, ("Q146", [], Jsonb({"dewiki": "Hauskatze"})))
    muse.execute(insert, ("Q5", [], Jsonb({"dewiki": "Hund"})))  # no class
    assert fetch(for_classes=True).written == 2
    query = "select title, wikidata_id, linked_title from articles"
    assert muse.execute(query).fetchall() == [("Katze", "Q146", "Hauskatze")]


def test_wrong_options(fetch, wiki, tmp_path):
    for text, options, message in (
        ("x", {"wiki": "frwiki"}, "pages are of dewiki, not of frwiki"),
        ("# nothing", {}, "no titles of pages in it"),
        ("https://fr.wikipedia.org/wiki/Chat", {}, "line 1 is a page of frwiki, not of dewiki"),
        (None, {"titles": str(tmp_path / "none")}, "No such file"),
    ):
        with pytest.raises(Problem, match=message):
            fetch(text, **options)


def test_the_command_and_its_refresh(wiki, muse, tmp_path, monkeypatch):
    monkeypatch.setenv("PGMUSE_CONTACT", "me@example.org")
    path = tmp_path / "titles"
    path.write_text("Hund")
    command = [sys.executable, "-m", "loaders", "load", "wikipedia", "--titles", str(path),
               "--api", wiki.url]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert titles(muse) == ["Hund"]
    path.write_text("Hund\nKatze")
    assert refresh(muse, "wikipedia")
    assert titles(muse) == ["Hund", "Katze"]
