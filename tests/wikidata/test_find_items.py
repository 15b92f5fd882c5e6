"""Items by name: exact, beginning, misspelt; in any script; and the index that they use."""

import json

import psycopg
import pytest

from tests.factories.wikidata import entity


def named(id, *, links=(), aliases=None, **labels):
    item = json.loads(entity(id))
    item["labels"] = {key: {"language": key, "value": text} for key, text in labels.items()}
    item["aliases"] = {
        key: [{"language": key, "value": text} for text in texts]
        for key, texts in (aliases or {}).items()
    }
    item["sitelinks"] = {wiki: {"site": wiki, "title": id, "badges": []} for wiki in links}
    return json.dumps(item)


NAMES = [
    named("Q1726", en="Munich", de="München", aliases={"en": ["Muenchen"], "de": ["Minga"]},
          links=("enwiki", "dewiki")),
    named("Q9", de="München", links=("dewiki",)), named("Q10", de="München"),
    named("Q11", en="Munich Airport", de="Flughafen München"), named("Q12", en="Münchener Freiheit"),
    named("Q20", en="القاهرة"), named("Q21", en="北京"), named("Q22", en="😀"), named("Q23", en="50 % off"),
    named("Q24", en='"Heroes" \\ [live], x_y'), named("Q25", en="X"), named("Q26", en="La"),
    named("Q27", en="La Paz"), named("Q28", mul="Ikea"), named("Q29", fr="Nantes"),
    named("Q30", en="501 off"), named("Q31", en="xyy"), named("Q32", en="ʘ"),
]  # fmt: skip


@pytest.fixture
def names(load, muse):
    load(NAMES, languages=("en", "de"))
    return muse


def search(conn, *arguments):
    query = f"select wikidata_id, match from find_items({', '.join(['%s'] * len(arguments))})"
    return conn.execute(query, arguments).fetchall()


def test_exact_names_come_first_then_beginnings_then_similar_ones(names):
    assert search(names, "munich") == [
        ("Q1726", "exact"), ("Q11", "prefix"),
    ]  # fmt: skip
    assert [row[0] for row in search(names, "München")] == ["Q1726", "Q9", "Q10", "Q12", "Q11"]
    assert search(names, "Munchen", "de")[0] == ("Q1726", "similar")
    assert search(names, "Minga", "de") == [("Q1726", "exact")]


def test_one_language_or_all(names):
    assert search(names, "Munich", "de") == []
    assert [row[0] for row in search(names, "flughafen münchen", "de")][:1] == ["Q11"]
    assert search(names, "ikea", "de") == [("Q28", "exact")]  # a name for all languages
    assert search(names, "Nantes") == [("Q29", "exact")]  # it has no label in a loaded language
    assert search(names, "Nantes", "fr") == [("Q29", "exact")]
    query = "select name, language, kind, title, links from find_items('muenchen', n => 1)"
    assert names.execute(query).fetchall() == [("Muenchen", "en", "alias", "Munich", 1)]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("القاهرة", ["Q20"]), ("القاهره", ["Q20"]), ("北京", ["Q21"]), ("😀", ["Q22"]), ("x", ["Q25"]),
        ("la", ["Q26", "Q27"]), ("50 % off", ["Q23"]), ("50 %", ["Q23"]), ("%", []), ("_", []),
        ('"heroes" \\ [live], X_Y', ["Q24"]), ('"her', ["Q24"]), ("x_y", []), ("ʘ", ["Q32"]),
        ("", []), ("  ", []), (None, []), ("\\", []), (" LA  ", ["Q26", "Q27"]), ("x" * 10_000, []),
        ("jklqz" * 2000, []), ("'; drop table muse.tracks; --", []), ("北", []),
    ],
)  # fmt: skip
def test_odd_queries(names, query, ids):
    matches = [row[0] for row in search(names, query)]
    assert matches[: len(ids)] == ids
    if not ids:
        assert matches == []


def test_a_language_without_names_is_a_notice(names):
    notices = []
    names.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    assert search(names, "Munich", "it") == []
    assert search(names, "nothing of that kind", "de") == []
    assert notices == ["no names in the language it are stored"]


@pytest.mark.parametrize("arguments", [("x", "DE!"), ("x", "de", 0), ("x", "de", None)])
def test_absurd_arguments(names, arguments):
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        search(names, *arguments)


def test_changed_and_deleted_names(names, load):
    load([named("Q1726", en="Monaco of Bavaria")], name="new.json", again=True)
    names.execute("delete from wikidata where wikidata_id = 'Q9'")
    newer = json.loads(named("Q1726", en="Monaco", de="Monaco")) | {"lastrevid": 2}
    load([json.dumps(newer)], name="newer.json", languages=("en", "de"))
    assert search(names, "Monaco") == [("Q1726", "exact")]
    assert "Q9" not in [row[0] for row in search(names, "München")]


def test_of_many_items_some_are_compared_with_a_notice(names):
    names.execute(
        "insert into wikidata (wikidata_id, title, title_language, labels) "
        "select 'Q' || n, 'Saint ' || n, 'en', jsonb_build_object('en', 'Saint ' || n) "
        "from generate_series(10000, 21000) as n"
    )
    notices = []
    names.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    assert len(search(names, "Sa", None, 1000)) == 1000
    assert notices == ["more than 10,000 names are like 'Sa': 10,000 of them were compared"]
    plan = "".join(
        row[0]
        for row in names.execute(
            "explain select * from wikidata where names_text(title, title_language, labels, aliases)"
            " ilike '%' || left(names_pattern('Saint 12345'), -1) || '%'"
        )
    )
    assert "wikidata_names" in plan
