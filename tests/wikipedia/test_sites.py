"""Dumps of several wikis: their words, their rows side by side, and dumps that name no wiki."""

import pytest
from psycopg.types.json import Jsonb

from loaders.admin.forget import forget_source
from loaders.admin.refresh import refresh
from loaders.core.errors import Problem
from tests.factories.wikipedia import dump_of, errors, head, page, small, titles

KATZE = """{{Infobox Tier|Bild=katze_1.jpg}} [[Kategorie:Haustier|*]] [[category:Katzen]]
[[Datei:Zweite.jpg|mini]]"""
PAGES = "select wiki, page_id, title from wikipedia order by wiki, page_id"


def german(*pages):
    return dump_of(*pages, head=head())


def test_pages_of_two_wikis_with_the_same_numbers_and_titles(load, muse):
    assert load(dump_of(page("Cat", "[[Category:Pets]]", id=1, revision=99), page("Berlin", id=2)))
    assert load(german(page("Katze", KATZE, id=1, revision=5), page("Berlin", id=2)), name="de.xml")
    assert muse.execute(PAGES).fetchall() == [
        ("dewiki", 1, "Katze"), ("dewiki", 2, "Berlin"),
        ("enwiki", 1, "Cat"), ("enwiki", 2, "Berlin"),
    ]  # fmt: skip
    row = "select infobox, image, categories, page_url from articles where title = 'Katze'"
    assert muse.execute(row).fetchone() == (
        "tier", "Katze 1.jpg", ["haustier", "katzen"], "https://de.wikipedia.org/?curid=1",
    )  # fmt: skip
    assert muse.execute("select page_url from articles where title = 'Cat'").fetchone() == (
        "https://en.wikipedia.org/?curid=1",
    )


@pytest.mark.parametrize(
    ("wiki", "namespaces", "text", "image", "categories"),
    [
        ("dewiki", (), "[[Bild:A.jpg]] [[Kategorie:K]]", "A.jpg", ["k"]),  # an earlier name
        ("frwiki", (), "[[Fichier:A b.png|vignette]] [[Catégorie:K]]", "A b.png", ["k"]),
        ("ruwiki", (), "[[Файл:Кот.jpg|мини]] [[Категория:Коты]]", "Кот.jpg", ["коты"]),
        ("jawiki", (), "[[ファイル:ネコ.jpg|thumb]] [[カテゴリ:ネコ]]", "ネコ.jpg", ["ネコ"]),
        ("eswiki", (), "{{Ficha de taxón|imagen=O.jpg}} [[Categoría:X]]", "O.jpg", ["x"]),
        ("xxwiki", ((6, "Fotoo"), (14, "Sorto")), "[[fotoo:a.jpg]] [[Sorto:S]]", "A.jpg", ["s"]),
        ("enwiki", (), "[[Datei:A.jpg]] [[Kategorie:K]] [[image:B.jpg]]", "B.jpg", []),
    ],
)
def test_names_of_namespaces(load, muse, wiki, namespaces, text, image, categories):
    assert load(dump_of(page("A", text), head=head(wiki, namespaces)))
    query = "select wiki, image, categories from wikipedia"
    assert muse.execute(query).fetchone() == (wiki, image, categories)


@pytest.mark.parametrize(
    "size",
    ["25пкс", "20بك", "20像素", "20px", "20x20px", "x20px", "20x20пкс", "300x20ピクセル", "20 פיקסלים",
     "20pxpx", "мини|20пкс|Подпись", "٢٠بك"],
)  # fmt: skip
def test_small_pictures_in_other_languages(load, muse, size):
    text = f"[[Файл:Мал.png|{size}]] [[File:Big.png|200пкс]] [[File:Other.png]]"
    assert load(dump_of(page("A", text), head=head("ruwiki", ())))
    assert muse.execute("select image from wikipedia").fetchone() == ("Big.png",)


@pytest.mark.parametrize(
    "options", ["200пкс", "20 лет в строю", "200x300像素", "20 pixel wide dot"]
)
def test_a_caption_with_a_number_is_no_size(load, muse, options):
    text = f"[[Файл:Мал.png|{options}]] [[File:Other.png]]"
    assert load(dump_of(page("A", text), head=head("ruwiki", ())))
    assert muse.execute("select image from wikipedia").fetchone() == ("Мал.png",)


@pytest.mark.parametrize(
    "text",
    ["#WEITERLEITUNG [[Ziel]]", "#redirect[[ziel#Teil|x]]", " #перенаправление: [[:Ziel]]",
     "#転送 [[Ziel]]", "#TAM [[Ziel]]", "＃転送[[Ziel]]", "#redirect [[%5Aiel]]"],
)  # fmt: skip
def test_redirects_without_their_tag(load, muse, text):
    assert load(german(page("Ziel", "x", id=1), page("Alt", text, id=2)))
    rows = "select wiki, title, target, article from wikipedia_redirects"
    assert muse.execute(rows).fetchall() == [("dewiki", "Alt", "Ziel", "Ziel")]
    assert titles(muse) == ["Ziel"]
    assert muse.execute("select article_title('Alt', 'dewiki'), article_title('Alt')").fetchone() == (
        "Ziel", None,
    )  # fmt: skip


def test_a_list_is_no_redirect(load, muse):
    assert load(dump_of(page("A", "# [[B]]\n# [[C]]", id=1), page("D", "#a [[B]]", id=2)))
    assert titles(muse) == ["A", "D"]


def test_old_dumps_name_neither_wiki_nor_namespace(load, muse):
    old = (
        "<mediawiki><siteinfo><base>http://fr.wikipedia.org/wiki/Accueil</base><namespaces>"
        '<namespace key="0" /><namespace key="1">Discuter</namespace></namespaces></siteinfo>'
    )
    pages = [page("A: b", id=1), page("Discuter:A", id=2), page("C", id=3)]
    assert load(dump_of(*(one.replace("<ns>0</ns>", "") for one in pages), head=old))
    assert muse.execute(PAGES).fetchall() == [("frwiki", 1, "A: b"), ("frwiki", 3, "C")]


def test_a_dump_without_a_head_needs_the_wiki(load, muse):
    fragment = f"<mediawiki>{page('Katze', KATZE)}</mediawiki>"
    with pytest.raises(Problem, match=r"which wiki its pages are from.*--wiki enwiki"):
        load(fragment)
    assert titles(muse) == []
    assert load(fragment, wiki="dewiki")
    query = "select wiki, image from wikipedia"
    assert muse.execute(query).fetchall() == [("dewiki", "Katze 1.jpg")]
    with pytest.raises(Problem, match="--wiki de is a language: say dewiki"):
        load(fragment, wiki="de", again=True)
    for wiki, message in (
        ("frwiki", "pages are of enwiki, not of frwiki"),
        ("a b", "no wiki: 'a b'"),
    ):
        with pytest.raises(Problem, match=message):
            load(small(), wiki=wiki)


def test_a_wiki_of_ones_own_in_another_language(load, muse):
    """Its name says nothing of its language; an old one has no name at all."""
    names = (
        '<namespaces><namespace key="0" /><namespace key="14">Schublade</namespace></namespaces>'
    )
    root = '<mediawiki version="0.10" xml:lang="de-AT"><siteinfo>{}' + names + "</siteinfo>"
    text = "[[Bild:a.jpg]] [[Schublade:S]] [[Kategorie:K]]"
    query = "select image, categories, page_url from articles where wiki = %s"
    expected = ("A.jpg", ["s", "k"], None)
    assert load(dump_of(page("A", text), head=root.format("<dbname>verein-db</dbname>")))
    assert muse.execute(query, ("verein-db",)).fetchone() == expected
    assert load(dump_of(page("A", text), head=root.format("")), name="old.xml", wiki="verein_2")
    assert muse.execute(query, ("verein_2",)).fetchone() == expected


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://wiki.corp.example/wiki/Main_Page", None),
        ("https://my.wikipedia.org.example/wiki/A", None),
        ("http://localhost/?at=//my.wikipedia.org/", None),
        ("http://my.wikipedia.org/wiki/A", "https://my.wikipedia.org/?curid=1"),
        ("", "https://my.wikipedia.org/?curid=1"),
    ],
)
def test_the_address_of_a_page_where_the_wiki_is_none_of_wikimedia(load, muse, base, url):
    named = head("mywiki").replace("<namespaces>", f"<base>{base}</base><namespaces>")
    assert load(dump_of(page("A", "x"), head=named))
    assert muse.execute("select wiki, page_url from articles").fetchone() == ("mywiki", url)


def own(base, wiki="mywiki"):
    return head(wiki).replace("<namespaces>", f"<base>{base}</base><namespaces>")


def test_a_wiki_of_ones_own_with_a_name_of_wikimedia(load, muse):
    corp, wikimedia = own("https://wiki.corp.example/wiki/Main"), own("//my.wikipedia.org/wiki/A")
    assert load(dump_of(page("A", id=1), head=wikimedia))
    line = r"corp.xml: it is mywiki of wiki.corp.example, and .*dump.xml is mywiki of Wikimedia: "
    with pytest.raises(Problem, match=line + "--wiki wiki_corp_example gives it another name"):
        load(dump_of(page("B", "[[Datei:b.jpg]]", id=1), head=corp), name="corp.xml")
    assert titles(muse) == ["A"]
    renamed = {"name": "corp.xml", "wiki": "wiki_corp_example"}
    assert load(dump_of(page("B", "[[Datei:b.jpg]]", id=1), head=corp), **renamed)
    query = "select wiki, title, image, page_url from articles order by 1"
    assert muse.execute(query).fetchall() == [
        ("mywiki", "A", None, "https://my.wikipedia.org/?curid=1"),
        ("wiki_corp_example", "B", "B.jpg", None),
    ]  # fmt: skip
    assert refresh(muse)
    assert load(dump_of(page("C", id=2), head=wikimedia), name="more.xml")


def test_a_name_that_a_wiki_of_ones_own_has_already(load, muse):
    assert load(dump_of(page("B", id=1), head=own("http://wiki.corp.example/wiki/Main")))
    moved = own("https://wiki.corp.example/wiki/Home")
    assert load(dump_of(page("C", id=2), head=moved), name="more.xml")
    line = "forget source .*dump.xml, and load that again with --wiki wiki_corp_example"
    with pytest.raises(Problem, match=line):
        load(dump_of(page("A", id=1), head=head("mywiki")), name="wikimedia.xml")
    with pytest.raises(Problem, match=r"mywiki of other.example, .* --wiki other_example"):
        load(dump_of(page("A", id=1), head=own("http://other.example/")), name="other.xml")
    assert titles(muse) == ["B", "C"]


def test_categories_as_mediawiki_reads_them(load, muse):
    text = (
        "[[Category:A%20b]] [[Category:100% c]] "
        "<includeonly>[[Category:Of others]] {{Not here}}</includeonly> [[Category:Last]]"
    )
    assert load(dump_of(page("A", text)))
    query = "select categories, templates from wikipedia"
    assert muse.execute(query).fetchone() == (["a b", "100% c", "last"], [])


@pytest.mark.parametrize(("case", "target"), [("case-sensitive", "ziel"), ("first-letter", "Ziel")])
def test_titles_that_begin_with_a_small_letter(load, muse, case, target):
    named = head("dewiktionary").replace("<namespaces>", f"<case>{case}</case><namespaces>")
    pages = page(target, "x", id=1), page("Alt", "#redirect [[ziel]]", id=2)
    assert load(dump_of(*pages, head=named))
    assert muse.execute("select target, article from wikipedia_redirects").fetchall() == [
        (target, target),
    ]  # fmt: skip


def test_a_second_wiki_in_one_file_is_not_mixed_with_the_first(load, muse):
    assert not load(dump_of(page("A", id=1)) + german(page("B", id=2)), prune=True)
    assert muse.execute(PAGES).fetchall() == [("enwiki", 1, "A")]
    assert errors(muse) == {"end": "after page 1 another wiki begins"}


def test_pruning_and_forgetting_leave_other_wikis_alone(load, muse):
    assert load(dump_of(page("A", id=1), page("R", id=2, redirect="A")))
    pages = [page("A", id=1), page("B", id=3), page("R", id=2, redirect="B")]
    assert load(german(*pages), name="de.xml")
    assert load(german(pages[0], pages[2]), name="de.xml", prune=True)
    assert muse.execute(PAGES).fetchall() == [("dewiki", 1, "A"), ("enwiki", 1, "A")]
    de, en = (row[0] for row in muse.execute("select location from sources order by location"))
    assert forget_source(muse, de) == {"articles": 1, "redirects": 1}
    assert muse.execute(PAGES).fetchall() == [("enwiki", 1, "A")]
    assert forget_source(muse, en) == {"articles": 1, "redirects": 1}


def test_refresh_loads_each_wiki_again(load, muse, tmp_path):
    load(dump_of(page("A", id=1)))
    load(german(page("A", id=1)), name="de.xml")
    (tmp_path / "de.xml").write_text(german(page("B", id=1, revision=11)))
    assert refresh(muse)
    assert muse.execute(PAGES).fetchall() == [("dewiki", 1, "B"), ("enwiki", 1, "A")]


def test_items_meet_their_articles_in_every_wiki(load, muse):
    load(dump_of(page("Berlin", id=1), page("Katze", id=2)))
    load(german(page("Berlin", id=1), page("Katze", id=7), page("Hauskatze", id=8, redirect="Katze")),
         name="de.xml")  # fmt: skip
    for row in (
        ("Q146", None, {"dewiki": "Hauskatze"}, {}),
        ("Q64", "Berlin", {"enwiki": "Berlin", "dewiki": "Berlin"}, {}),
    ):
        muse.execute(
            "insert into wikidata (wikidata_id, title, wikipedia_id, sitelinks, claims) "
            "values (%s, '', %s, %s, %s)", (row[0], row[1], *map(Jsonb, row[2:])),
        )  # fmt: skip
    query = "select wikidata_id, wiki, title, linked_title from articles order by 1, 2, 3"
    rows = [
        ("Q146", "dewiki", "Katze", "Hauskatze"),
        ("Q64", "dewiki", "Berlin", "Berlin"),
        ("Q64", "enwiki", "Berlin", "Berlin"),
        (None, "enwiki", "Katze", None),
    ]
    assert muse.execute(query).fetchall() == rows
    muse.execute("update wikidata set sitelinks = '{}' where wikidata_id = 'Q146'")
    muse.execute("delete from wikidata where wikidata_id = 'Q64'")
    assert muse.execute("select from wikidata_sitelinks").fetchall() == []


def test_an_article_without_an_image_has_that_of_its_item(load, muse):
    load(dump_of(page("Own", "[[File:A.jpg]]", id=1), page("Other", id=2), page("None", id=3)))
    images = [("old.jpg", "normal"), ("item_1.jpg", "preferred"), ("bad.jpg", "deprecated")]
    claims = {
        "P18": [{"value": name, "type": "commonsMedia", "rank": rank} for name, rank in images]
    }
    for number, title in enumerate(("Own", "Other"), 1):
        muse.execute(
            "insert into wikidata (wikidata_id, wikipedia_id, claims) values (%s, %s, %s)",
            (f"Q{number}", title, Jsonb(claims)),
        )
    query = "select title, image, image_source from articles order by page_id"
    assert muse.execute(query).fetchall() == [
        ("Own", "A.jpg", "article"), ("Other", "Item 1.jpg", "item"), ("None", None, None),
    ]  # fmt: skip


def test_titles_of_a_case_sensitive_wiki_are_apart(load, muse):
    named = head("dewiktionary").replace("<namespaces>", "<case>case-sensitive</case><namespaces>")
    pages = [page("essen", id=1), page("Essen", id=2), page("speisen", "#redirect [[essen]]", id=3)]
    assert load(dump_of(*pages, page("Speisen", "#redirect [[Essen]]", id=4), head=named))
    assert load(
        dump_of(*pages, page("Speisen", "#redirect [[Essen]]", id=4), head=named), again=True
    )
    assert titles(muse) == ["Essen", "essen"]
    query = (
        "select article_title('speisen', 'dewiktionary'), article_title('Speisen', 'dewiktionary')"
    )
    assert muse.execute(query).fetchone() == ("essen", "Essen")
