"""The first image and the templates of a wikitext, and limits of the parser."""

import time
from contextlib import suppress

import pytest

from loaders.wikipedia import wikitext
from loaders.wikipedia.names import TooComplex

pytestmark = pytest.mark.unit


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
        "<gallery>\n",
        "a.jpg|",
        "{{Wide image|",
        "[[File:a.jpg|9px",
        "|image=a.jpg",
        "{{!}}",
    ],
)
def test_hostile_wikitext_takes_at_most_three_seconds(unit):
    began = time.process_time()
    for many in (1000, 100_000):
        with suppress(TooComplex):
            wikitext.extract("{{Infobox x|image=[[File:a.jpg]]|b=" + unit * many + "|c=d.jpg}}")
    assert time.process_time() - began < 3


@pytest.mark.parametrize("unit", ["{{", "[[", "{{a|", "[[a|"])
def test_nesting_that_is_too_deep_is_an_error(unit):
    with pytest.raises(TooComplex, match="more than 200 times"):
        wikitext.extract("{{Infobox x|image=a.jpg|b=" + unit * 100_000)


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
        ("<gallery mode=packed>\nold map.png|A [[link]]\nb.jpg\n</gallery>", "Old map.png"),
        ("<gallery>\nname.txt\n</gallery> own line\nno.jpg\n", None),
        ("{{Infobox x|image=<gallery>\nin box.jpg|a\nb.jpg\n</gallery>}}", "In box.jpg"),
        ("{{Wide image|wide.jpg|900px|A [[view]]}} [[File:later.jpg]]", "Wide.jpg"),
        ("{{Panorama |1= File:pan.jpg |height=200}}", "Pan.jpg"),
        ("{{wide_image\n | wide.jpg\n | 900px}}", "Wide.jpg"),
        ("{{Gallery |mode=packed |title=x\n|a b.jpg|Caption}}", "A b.jpg"),
        ("{{Comune|Panorama=Roma.jpg|Stemma=s.svg}}", "Roma.jpg"),
        ("{{Cite book|cover.jpg}} [[File:later.jpg]]", "Later.jpg"),
        ("{{Infobox x|image=a.jpg{{!}}200px}}", "A.jpg"),
        ("{{Infobox x|image=[[File:a.jpg{{!}}200px{{!}}c]]}}", "A.jpg"),
        ("[[File:dot.svg|Link to [[this]] and [[that|x]]|20px]] [[File:real.jpg]]", "Real.jpg"),
        ("[[File:dot.svg|left|x30px|\nCaption]] [[File:real.jpg]]", "Real.jpg"),
        ("[[File:wide.svg|thumb|A caption\nof two lines with [[File:dot.svg|9px]]]]", "Wide.svg"),
        ("{{multiple image|width=25|image1=dot.svg}} [[File:real.jpg]]", "Real.jpg"),
        ("{{Infobox x|image=a.jpg|image_size=25px}}", "A.jpg"),
        ("{{asbox|image=stub.svg}} {{tmbox|image=[[File:w.svg|40px]]}}", None),
        ("{{Infobox x|Fotografia=a.jpg}}", "A.jpg"),
        ("{{Bio|Immagine=dante.jpg}} [[File:later.jpg]]", "Dante.jpg"),
        ("{{Taxobox début|animal|Name|katze.jpg|Legende}}", "Katze.jpg"),
        ("", None),
    ],
)  # fmt: skip
def test_the_first_image(text, image):
    assert wikitext.extract(text).image == image


@pytest.mark.parametrize(
    ("template", "kind"),
    [
        ("Infobox Writer", "writer"), ("Template:Infobox writer", "writer"), ("Infobox", None),
        ("Football club infobox", "football club"), ("Taxobox", "taxobox"),
        ("Speciesbox", "speciesbox"), ("Automatic_taxobox", "automatic taxobox"),
        ("Ficha de escritor", "escritor"), ("Info/Biografia", "biografia"),
        ("Infoboks person", "person"), ("Карточка писателя", "писателя"), ("Bio", "bio"),
        ("Infobox Biographie2", "biographie2"), ("Infobox - osoba", "osoba"),
        ("基礎情報 会社", "会社"), ("基礎情報_国", "国"), ("生物分類表", "生物分類表"),
        ("Персона", "персона"), ("НП-Россия", "нп-россия"), ("Военный деятель", "военный деятель"),
        ("Divisione amministrativa", "divisione amministrativa"), ("정보상자 인물", "인물"),
        ("ज्ञानसन्दूक व्यक्ति", "व्यक्ति"), ("Инфокутија Филм", "филм"),
        ("Personas infokaste", "personas"), ("Карточка", None), ("Сингл-стаб", None),
        ("Biography stub", None), ("Fichajes", None),
    ],
)  # fmt: skip
def test_the_kind_of_an_infobox(template, kind):
    assert wikitext.extract(f"{{{{Use dmy dates}}}} {{{{{template}\n|a=b}}}}").infobox == kind


def test_a_category_has_no_line_break():
    text = "[[Category:Broken\n]] [[Category:Of {{year}}]] [[Category:Whole]]"
    assert wikitext.extract(text).categories == ("whole",)


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
