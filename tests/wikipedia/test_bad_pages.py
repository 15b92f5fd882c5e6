"""Pages and dumps that cannot be read in full."""

import os

import pytest

from loaders.core.errors import Problem
from loaders.wikipedia import dump, wikitext
from tests.factories.archives import PACKED
from tests.factories.wikipedia import dump_of, errors, page, small, titles


def test_bad_pages_are_reported_and_others_are_loaded(load, muse):
    good = page("Good", "good", id=100)
    assert load(dump_of(
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
    reasons = muse.execute("select place, reason from load_errors").fetchall()
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
            place == where.partition(",")[0] and reason in why for where, why in reasons
        ), (place, reason, reasons)  # fmt: skip
    assert len(reasons) == 15
    text = "select wikitext from wikipedia where title = 'Reference'"
    assert muse.execute(text).fetchone() == ("\N{REPLACEMENT CHARACTER}" * 3 + "A",)


def test_the_first_page_may_be_broken_too(load, muse):
    assert load(dump_of(page("A", id=1).replace("<page>", "<pag>"), page("B", id=2)))
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
    assert load(head + dump_of(*pages))
    assert titles(muse) == ["Good"]
    assert "undefined entity" in errors(muse)["page 1"]
    assert "undefined entity" in errors(muse)["page 2"]
    assert "not XML" in errors(muse)["page 4"]


def test_texts_that_are_too_complex_are_stored_unparsed(load, muse, monkeypatch):
    monkeypatch.setattr(wikitext, "LONGEST", 400_000)
    deep = "{{a|" * 100_000
    many = "".join(f"{{{{t{n}}}}}" for n in range(3000))
    pages = [page("Deep", deep, id=1), page("Long", "a " * 200_001, id=2), page("Good", id=3),
             page("Many", many, id=4)]  # fmt: skip
    assert load(dump_of(*pages))
    reasons = errors(muse)
    assert "more than 200 times: kept as its wikitext alone" in reasons["page 1, Deep"]
    assert "400,002 characters: kept as its wikitext alone" in reasons["page 2, Long"]
    assert "templates or categories" in reasons["page 4, Many"]
    lengths = dict(muse.execute("select title, length(wikitext) from wikipedia").fetchall())
    assert lengths == {"Deep": len(deep), "Long": 400_002, "Good": 0, "Many": len(many)}


def test_a_page_that_is_too_long_is_skipped(load, muse, monkeypatch):
    monkeypatch.setattr(dump, "LONGEST", 200_000)
    monkeypatch.setattr(dump.chunks, "__defaults__", (50_000,))
    assert load(dump_of(page("A", id=1), page("Huge", "x" * 900_000, id=2), page("B", id=3)))
    assert titles(muse) == ["A", "B"]
    assert "longer than" in errors(muse)["page 2"]


@pytest.mark.parametrize("pack", PACKED)
def test_a_cut_off_dump_is_loaded_up_to_the_cut(load, muse, pack, capsys):
    load(dump_of(page("Stays", id=9999)), name="before.xml")
    text = dump_of(*(page(f"Page {n}", os.urandom(300).hex(), id=n + 1) for n in range(3000)))
    packed = PACKED[pack](text.encode())
    assert not load(packed[: len(packed) * 3 // 4], name=f"cut.{pack}", prune=True)
    assert len(titles(muse)) > 700
    assert "Stays" in titles(muse)  # half a dump prunes nothing
    assert any("cut off" in reason for reason in errors(muse).values())
    assert "what came before it is loaded" in capsys.readouterr().err


def test_a_source_that_is_no_dump_is_an_error(load, muse):
    for text in ("", "{}\n" * 1000, dump_of()):
        with pytest.raises(Problem, match="no page is in it"):
            load(text, name=f"{len(text)}.xml")


def test_too_many_bad_entries_change_nothing(load, muse):
    load(small())
    bad = [page("", id=n + 1) for n in range(3)]
    with pytest.raises(Problem, match="more than 2 entries cannot be used"):
        load(dump_of(*bad, page("Ayn Rand", "new", id=339, revision=99)), name="b.xml", max_bad=2)
    assert muse.execute("select revision_id from wikipedia where page_id = 339").fetchone() == (10,)
    assert len(errors(muse)) == 3
