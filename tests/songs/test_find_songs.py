"""find_songs: what a person types without symbols and accents."""

import pytest

from tests.factories.rows import add_track

SONGS = [
    ("Thunderstruck", "AC/DC", 9), ("Łódź", "X", 1), ("Straße", "Y", 1), ("C", "A Trio", 5),
    ("C++", "A Trio", 1), ("Hello", "Adele", 1), ("Hello Goodbye", "The Beatles", 9),
    ("(I Can't Get No) Satisfaction", "Stones", 1), ("T.N.T.", "AC/DC", 1), ("TNT for All", "Z", 9),
    ("Mrs. Robinson", "Simon & Garfunkel", 2), ("Ænima", "TOOL", 1), ("Must Be the Moon", "!!!", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("acdc", "Thunderstruck"),
        ("AC/DC", "Thunderstruck"),
        ("lodz", "Łódź"),
        ("łódź", "Łódź"),
        ("strasse", "Straße"),
        ("STRAẞE", "Straße"),
        ("aenima", "Ænima"),
        ("hello", "Hello"),
        ("i cant get no", "(I Can't Get No) Satisfaction"),
        ("tnt", "T.N.T."),
        ("c", "C"),
        ("c++", "C++"),
        ("simon and garfunkel", "Mrs. Robinson"),
        ("!!!", "Must Be the Moon"),
    ],
)
def test_the_first_track(db, query, expected):
    for name, artist, places in SONGS:
        add_track(db, name, name=name, artist=artist, places=places)
    row = db.execute("select name from find_songs(%s)", (query,)).fetchone()
    assert row == (expected,)


def test_symbols_tell_seeds_apart(db):
    for name in ("C", "C++", "C#"):
        add_track(db, name, name=name, artist="A Trio")
    assert db.execute("select one_track('a trio - c++')").fetchone() == ("C++",)
    assert db.execute("select one_track('A Trio \u2013 C')").fetchone() == ("C",)
