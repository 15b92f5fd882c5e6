"""Units of quantities, and amounts in base units."""

from decimal import Decimal
from fractions import Fraction

import pytest

PREFIXES = {
    "giga": 10**9, "mega": 10**6, "kilo": 1000, "hecto": 100, "deca": 10, "deci": Fraction(1, 10),
    "centi": Fraction(1, 100), "milli": Fraction(1, 1000), "micro": Fraction(1, 10**6),
    "nano": Fraction(1, 10**9), "pico": Fraction(1, 10**12), "tera": 10**12, "peta": 10**15,
}  # fmt: skip
UNITS = "select unit, base_id, factor, divisor from muse.wikidata_units"


@pytest.mark.parametrize(
    ("amount", "unit_id", "expected", "base"),
    [
        ("8848.86", "Q11573", "8848.86", "metre"),
        ("29032", "Q3710", "8848.9536", "metre"),
        ("1", "Q531", "9460730472580800", "metre"),
        ("640", "Q81292", "2589988.110336", "square metre"),  # a square mile
        ("0.5", "Q11582", "0.0005", "cubic metre"),
        ("36", "Q180154", "10", "metre per second"),
        ("3600", "Q128822", "1852", "metre per second"),
        ("1", "Q182098", "3600000", "joule"),
        ("760", "Q185648", "101325", "pascal"),
        ("-40", "Q25267", "233.15", "kelvin"),
        ("-40", "Q42289", "233.15", "kelvin"),
        ("8", "Q8805", "1", "byte"),
        ("90", "Q209426", "1.5", "degree"),
        ("4", "Q577", "126230400", "second"),
        ("1234", "1", "1234", "1"),
        ("5", "Q11229", "0.05", "1"),
        ("9.90", "Q4916", "9.9", "euro"),
        ("1" + "0" * 300, "Q828224", "1" + "0" * 303, "metre"),
    ],
)
def test_amounts_are_converted_without_loss(db, amount, unit_id, expected, base):
    query = "select muse.in_base_unit(%s, %s)::text, muse.base_unit(%s)"
    row = db.execute(query, (Decimal(amount), unit_id, unit_id)).fetchone()
    assert row == (expected, base)


@pytest.mark.parametrize("unit_id", ["Q5", "", "metre", None])
def test_other_units_give_null(db, unit_id):
    query = "select muse.in_base_unit(1, %s), muse.base_unit(%s)"
    assert db.execute(query, (unit_id, unit_id)).fetchone() == (None, None)


def test_prefixes_are_what_they_say(db):
    units = {
        unit: (base_id, Fraction(factor) / Fraction(divisor))
        for unit, base_id, factor, divisor in db.execute(UNITS)
    }
    pairs = [
        (unit, unit.removeprefix(prefix), factor)
        for unit in units
        for prefix, factor in PREFIXES.items()
        if unit.startswith(prefix) and unit.removeprefix(prefix) in units
    ]
    assert len(pairs) > 60
    for unit, plain, factor in pairs:
        assert units[unit] == (units[plain][0], units[plain][1] * factor), unit


def test_base_units_are_their_own(db):
    query = """
        select unit.unit_id from muse.wikidata_units as unit
        left join muse.wikidata_units as base on base.unit_id = unit.base_id
        where (base.base_id, base.base, base.factor, base.divisor, base.shift)
            is distinct from (base.unit_id, base.unit, 1::numeric, 1::numeric, 0::numeric)
            or unit.base is distinct from base.unit
    """
    assert db.execute(query).fetchall() == []


def test_a_migration_restores_the_units(db):
    """A row that is no longer shipped is deleted, and a changed one is written again."""
    from migrations.apply import SQL

    db.execute("update muse.wikidata_units set factor = 9 where unit_id = 'Q3710'")
    db.execute("insert into muse.wikidata_units values ('Q0', 'x', 'Q0', 'x')")
    db.execute((SQL / "038_wikidata_units.sql").read_bytes())
    query = "select factor from muse.wikidata_units where unit_id in ('Q0', 'Q3710')"
    assert db.execute(query).fetchall() == [(Decimal("0.3048"),)]
