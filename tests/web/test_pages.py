"""Pages: what a visitor sees, whatever is stored."""

import html
import re

import pytest

from tests.web.conftest import HOSTILE, HTML

PAGES = {
    "/": "Look up a picture",
    "/images": "Choose a picture",
    "/songs": "A song that you like",
    "/gallery": "Deep Ink",
    "/pad": "32 x 32 pixels",
    "/wikidata": "Classes of Wikidata",
    "/health": "what to do",
    "/api": "POST /images/search",
}


@pytest.mark.parametrize("address", PAGES)
def test_every_page_of_an_empty_database_says_what_to_do(bare, address):
    answer = bare.get(address, headers=HTML)
    assert (answer.status_code, PAGES[address] in answer.text) == (200, True)
    assert "None" not in re.sub(r"<[^>]*>", " ", answer.text)


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_whole(site, address):
    answer = site.get(address, headers=HTML)
    assert (answer.status_code, PAGES[address] in answer.text) == (200, True)
    assert HOSTILE not in answer.text
    assert 'lang="en"' in answer.text
    assert "http://" not in re.sub(
        r"localhost:\d+", "", answer.text.replace("http://localhost", "")
    )


def test_numbers_are_queries_that_answer_the_same(site, server):
    """The SQL on the page of songs, run by somebody else, has the rows of the page."""
    page = site.get("/songs?seed=a", headers=HTML).text
    query = html.unescape(re.findall(r"<code>(.*?)</code>", page, re.DOTALL)[-1])
    with server.connect(dbname="pages") as conn:
        names = [row[2] for row in conn.execute(query.encode()).fetchall()]
    assert len(names) == 3
    shown = re.findall(r'<span class="title">(?:<a [^>]*>)?([^<]*)<', page)
    assert [html.unescape(title) for title in shown] == [name or "d" for name in names]


def test_errors_are_pages_for_browsers_and_json_for_programs(site):
    page = site.get("/nothing", headers=HTML)
    assert (page.status_code, "there is no such page" in page.text) == (404, True)
    assert site.get("/nothing").json() == {"detail": "there is no such page"}
    wrong = site.get("/songs/radio?seed=a&n=0")
    assert (wrong.status_code, wrong.json()["detail"][:2]) == (422, "n:")


@pytest.mark.parametrize(
    "address",
    [
        "/images/0", "/images/99999999999999999999", "/images/-1", "/images/7.jpg",
        "/samples/1.png", "/samples/1.gif", "/samples/1/1.png", "/icons/99.png", "/grids/012.png",
        "/grids/11.png", "/wikidata/classes/Q9", "/wikidata/items/x", "/drawings/99",
        "/songs/radio.exe?seed=a", "/static/../app.py", "/gallery/x", "/samples/stela.png",
    ],
)  # fmt: skip
def test_what_is_not_there_is_404(bare, address):
    assert bare.get(address).status_code == 404


def test_items_and_classes_are_linked(site):
    top = site.get("/wikidata", headers=HTML).text
    assert '<a href="/wikidata/classes/Q1">thing</a>' in top
    one = site.get("/wikidata/classes/Q1", headers=HTML).text
    assert "1 item, 1 with its subclasses" in one
    assert '<a href="/wikidata/items/Q2">&lt;script&gt;' in one
    item = site.get("/wikidata/items/Q2", headers=HTML).text
    assert "https://en.wikipedia.org/wiki/Second" in item
    assert '<th scope="row">instance of</th>' in item or '<th scope="row">P31</th>' in item
    listed = site.get("/wikidata", params={"q": "THIN"}, headers=HTML).text
    assert "/wikidata/classes/Q1" in listed
    assert "/wikidata/classes/Q1" not in site.get("/wikidata?q=%25", headers=HTML).text


def test_classes_of_the_sample_have_a_slash_in_their_id(site, server):
    with server.connect(dbname="pages", autocommit=True) as conn:
        add = "insert into muse.wikidata_classes (class_id, class, items) values ('kind/x', 'x', 1)"
        conn.execute(add)
        page = site.get("/wikidata/classes/kind%2Fx", headers=HTML)
        conn.execute("delete from muse.wikidata_classes where class_id = 'kind/x'")
    assert (page.status_code, "<h1>x</h1>" in page.text) == (200, True)


def test_health_is_json_for_monitors(site):
    rows = site.get("/health.json").json()
    assert {row["status"] for row in rows} <= {"ok", "warning", "bad"}
    assert {"check_name", "subject", "value", "since", "advice"} < set(rows[0])
    assert rows == sorted(rows, key=lambda row: ["bad", "warning", "ok"].index(row["status"]))
