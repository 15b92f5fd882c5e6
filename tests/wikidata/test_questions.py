"""The queries of docs/wikidata-questions.md over the samples have the rows of the page."""

import pytest

from benchmarks.wikidata import questions
from loaders.wikidata import tables
from loaders.wikidata.load import load_samples
from loaders.wikidata.options import WikidataOptions
from loaders.wikipedia.load import WikipediaOptions
from loaders.wikipedia.load import load_all as load_articles

QUESTIONS = list(questions.questions())


def shown(cursor) -> str:
    """The rows as psql shows them, without lines and padding."""
    lines = [[column.name for column in cursor.description]]
    lines += [["" if cell is None else str(cell) for cell in row] for row in cursor]
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "".join(
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


@pytest.fixture
def samples(muse):
    load_samples(muse, WikidataOptions(sample=True), location="sample: items")
    load_articles(muse, WikipediaOptions(sample=True, workers=0))
    for table in questions.TABLES:
        tables.make(muse, table)
    return muse


def test_the_rows_of_the_page(samples):
    assert len(QUESTIONS) == 12
    for title, statements, blocks in QUESTIONS:
        assert len(statements) == len(blocks), title
        for statement, block in zip(statements, blocks, strict=True):
            assert shown(samples.execute(statement)) == block, title


def test_none_needs_a_lateral_or_a_case():
    text = " ".join(statement for _, statements, _ in QUESTIONS for statement in statements)
    assert "lateral" not in text.lower()
    assert "case" not in text.lower().split()
