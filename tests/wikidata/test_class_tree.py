"""Classes as a tree: counts with subclasses, depths, drill-down, and why an item counts."""

import psycopg
import pytest

from loaders.core import db
from loaders.wikidata import forget
from loaders.wikidata.classes import update_classes
from tests.factories.wikidata import entity, value


def classes(**superclasses: list[str]) -> list[str]:
    return [
        entity(id, f"class {id}", P279=[value(above) for above in parents])
        for id, parents in superclasses.items()
    ]


# A diamond: Q14 below Q12 and Q13, both below Q11. A cycle: Q21 and Q22. Q31 is its own superclass.
TREE = classes(Q11=[], Q12=["Q11"], Q13=["Q11"], Q14=["Q12", "Q13"], Q21=["Q22"], Q22=["Q21"],
               Q31=["Q31", "Q11"])  # fmt: skip
ITEMS = [
    entity("Q1", "in the diamond", P31=[value("Q14")]),
    entity("Q2", "in two", P31=[value("Q12"), value("Q13")]),
    entity("Q3", "in a cycle", P31=[value("Q21")]),
    entity("Q4", "in itself", P31=[value("Q31")]),
]
COUNTS = (
    "select class_id, items_with_subclasses, depth from muse.wikidata_classes order by class_id"
)


def counts(muse) -> dict[str, tuple]:
    return {class_id: (items, depth) for class_id, items, depth in muse.execute(COUNTS)}


def test_an_item_counts_once_in_each_class_above_it(load, muse):
    load([*TREE, *ITEMS])
    assert counts(muse) == {
        "Q11": (3, 0), "Q12": (2, 1), "Q13": (2, 1), "Q14": (1, 2),
        "Q21": (1, None), "Q22": (1, None), "Q31": (1, 1),
    }  # fmt: skip


def test_counts_follow_changed_items_and_superclasses(load, muse):
    load([*TREE, *ITEMS])
    load([*TREE, *ITEMS, entity("Q5", "new", P31=[value("Q14")])], name="more.json")
    assert counts(muse)["Q11"] == (4, 0)
    assert counts(muse)["Q14"] == (2, 2)
    forget.forget(muse, "Q1")
    assert counts(muse)["Q11"] == (3, 0)
    moved = entity("Q14", "class Q14", lastrevid=2, P279=[value("Q13")])
    load([*TREE[:3], moved, *TREE[4:], *ITEMS[1:]], name="moved.json")
    assert counts(muse)["Q12"] == (1, 1)
    assert counts(muse)["Q13"] == (2, 1)


def test_the_view_has_parents_and_labels(load, muse):
    load([*TREE, *ITEMS])
    query = """
        select class, items, items_with_subclasses, depth, parents, parents_text, labels ->> 'en'
        from classes where class_id = 'Q14'
    """
    assert muse.execute(query).fetchone() == (
        "class Q14", 1, 1, 2, ["class Q12", "class Q13"], "class Q12, class Q13", "class Q14",
    )  # fmt: skip


def test_a_drill_down_ends_in_cycles_and_shows_each_way(load, muse):
    load([*TREE, *ITEMS])
    query = "select level, class_id, items_with_subclasses from class_tree(%s, %s, %s)"
    assert muse.execute(query, ("class Q11", 5, 9)).fetchall() == [
        (0, "Q11", 3), (1, "Q12", 2), (2, "Q14", 1), (1, "Q13", 2), (2, "Q14", 1), (1, "Q31", 1),
    ]  # fmt: skip
    assert muse.execute(query, ("Q21", 5, 9)).fetchall() == [(0, "Q21", 1), (1, "Q22", 1)]
    assert muse.execute(query, ("Q11", 1, 1)).fetchall() == [(0, "Q11", 3), (1, "Q12", 2)]
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="depth must be from 0 to 20"):
        muse.execute(query, ("Q11", 21, 9))


def test_why_an_item_counts(load, muse):
    load([*TREE, *ITEMS])
    query = "select class_id, steps, chain, rank from explain_class(%s, %s)"
    assert muse.execute(query, ("Q1", "class Q11")).fetchall() == [
        ("Q11", 2, "class Q14 > class Q12 > class Q11", "normal"),
    ]
    assert muse.execute(query, ("in a cycle", None)).fetchall() == [
        ("Q21", 0, "class Q21", "normal"), ("Q22", 1, "class Q21 > class Q22", "normal"),
    ]  # fmt: skip
    assert muse.execute(query, ("Q4", "Q12")).fetchall() == []
    assert len(muse.execute(query, ("Q2", "Q11")).fetchall()) == 2  # one for each statement


def test_the_commonest_properties_of_a_class(load, muse):
    load([*TREE, *ITEMS, entity("P31", "instance of", kind="property")])
    query = "select property, items, share from class_properties('class Q11')"
    assert muse.execute(query).fetchall() == [("instance of", 3, 1.0)]


def notices_of(conn, query, arguments=()):
    notices = []
    conn.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    conn.execute(query, arguments)
    return notices


@pytest.mark.parametrize(
    ("query", "notice"),
    [
        ("class_tree('nothing')", "there is no class nothing"),
        ("class_tree('Q14')", "no subclass of Q14 is stored"),
        ("instances_of('nothing')", "there is no class nothing"),
        ("instances_of('nothing', true)", "there is no class nothing"),
        ("subclasses_of('nothing')", "there is no class nothing"),
        ("class_properties('nothing')", "there is no class nothing"),
        ("explain_class('Q1', 'nothing')", "there is no class nothing"),
    ],
)
def test_what_is_not_stored_is_a_notice(load, muse, query, notice):
    load([*TREE, *ITEMS])
    assert set(notices_of(muse, f"select * from {query}")) == {notice}
    assert notices_of(muse, "select * from class_tree('Q11')") == []


def test_classes_that_share_a_name_are_all_shown(load, muse):
    twins = [entity(id, "twin", P279=[value("Q11")]) for id in ("Q41", "Q42")]
    load([*TREE, *twins, *classes(Q43=["Q41"], Q44=["Q42", "Q43"], Q41=["Q44"])[:2],
          entity("Q5", "x", P31=[value("Q44")])])  # fmt: skip
    query = "select level, class_id, items_with_subclasses from class_tree('twin', 5)"
    assert muse.execute(query).fetchall() == [
        (0, "Q41", 1), (1, "Q43", 1), (2, "Q44", 1), (0, "Q42", 1), (1, "Q44", 1),
    ]  # fmt: skip
    assert muse.execute("select class_id from instances_of('twin', true) as i, "
                        "instance_of where i.wikidata_id = instance_of.wikidata_id"
                        ).fetchall() == [("Q44",)]  # fmt: skip


@pytest.mark.long
def test_a_hundred_thousand_direct_subclasses_in_a_cycle(muse):
    """Each is also a superclass of the class: counts, depths and the tree end."""
    muse.execute(
        "insert into wikidata_classes (class_id, class, superclass_ids) "
        "select 'Q' || n, 'class ' || n, '{Q1}' from generate_series(2, 100001) as n"
    )
    muse.execute(
        "insert into wikidata_classes (class_id, class, superclass_ids) values ('Q1', 'top', '{Q2}')"
    )
    muse.execute(
        "insert into wikidata (wikidata_id, class_ids) values ('Q900000', '{Q2,Q3}'), "
        "('Q900001', '{Q100001}')"
    )
    update_classes(muse)
    db.analyze(muse, "wikidata_classes")
    muse.execute("set statement_timeout = '20s'")
    muse.execute("select measure_class_depths()")
    query = "select class_id, items_with_subclasses, subclasses from class_tree('top', 2, 3)"
    assert muse.execute(query).fetchall() == [
        ("Q1", 2, 100_000), ("Q2", 2, 1), ("Q100001", 1, 0), ("Q3", 1, 0),
    ]  # fmt: skip
    assert muse.execute("select count(*) from instances_of('top', true)").fetchone() == (2,)


def test_counts_that_a_load_left_to_the_next_one(load, muse):
    load([*TREE, *ITEMS])
    muse.execute("insert into wikidata_class_changes (class_ids, items) values ('{}', 0)")
    muse.execute("update wikidata_classes set items_with_subclasses = 99, depth = 9")
    update_classes(muse)
    assert counts(muse)["Q11"] == (3, 0)
    assert muse.execute("select count(*) from wikidata_class_changes").fetchone() == (0,)
