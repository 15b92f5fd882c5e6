"""Export of class tables, and the commands table, export table and forget table."""

import csv
import io

import pytest
from typer.testing import CliRunner

from loaders.cli import app
from tests.factories.wikidata import entity, time_of, value

LINES = [
    entity("P31", "instance of", kind="property"),
    entity("P571", "inception", kind="property", datatype="time"),
    entity("P2044", "height", kind="property", datatype="quantity"),
    entity("Q1", 'Bank "One", AG', P31=[value("Q5")],
           P571=[value(time_of("-0044-03-15T00:00:00Z"), datatype="time")]),
    entity("Q2", "Second", P31=[value("Q5"), value("Q6")],
           P571=[value(time_of("+1970-01-02T00:00:00Z"), datatype="time")],
           P2044=[value({"amount": "+1" + "0" * 299, "unit": "http://www.wikidata.org/entity/Q828224"},
                        datatype="quantity")]),
]  # fmt: skip


@pytest.fixture
def run(muse, load):
    """Run the command with a table `banks`; returns its result."""
    load(LINES)

    def run(*arguments, fails=False):
        result = CliRunner().invoke(app, arguments)
        assert (result.exit_code != 0) == fails, result.output
        return result

    run("table", "banks", "--class", "Q5", "--columns", "P31,inception", "--columns", "height")
    return run


def test_csv_has_a_header_and_all_rows(run):
    lines = list(csv.reader(io.StringIO(run("export", "table", "banks").stdout)))
    assert lines[0][:6] == [
        "wikidata_id", "title", "description", "wikipedia_id", "instance_of", "instance_of_id",
    ]  # fmt: skip
    assert [line[:2] for line in lines[1:]] == [["Q1", 'Bank "One", AG'], ["Q2", "Second"]]
    assert lines[1][lines[0].index("inception")] == "0044-03-15 BC"


def test_parquet_has_the_types_of_the_columns(run, tmp_path, muse):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "banks.parquet"
    output = run("export", "table", "banks", "--out", str(path)).stderr
    assert f"2 rows with 17 columns in {path}" in output
    table = parquet.read_table(path)
    assert {field.name: str(field.type) for field in table.schema if "inception" in field.name} == {
        "inception": "date32[day]", "inception_year": "int32", "inception_precision": "string",
        "inception_all": "list<element: string>", "inception_all_text": "string",
    }  # fmt: skip
    first, second = table.drop_columns("inception").to_pylist()
    assert (first["title"], first["instance_of_all"]) == ('Bank "One", AG', ["Q5"])
    assert second["height"] == pytest.approx(1e302)
    days = table["inception"].cast("int32").to_pylist()
    query = "select date '0044-03-15 BC' - date '1970-01-01'"
    assert days == [muse.execute(query).fetchone()[0], 1]


def test_several_row_groups_and_no_rows(run, tmp_path, monkeypatch, muse):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("loaders.wikidata.parquet.ROWS", 1)
    path = tmp_path / "banks.parquet"
    run("export", "table", "banks", "--out", str(path))
    assert parquet.ParquetFile(path).num_row_groups == 2
    run("forget", "item", "Q1")
    run("forget", "item", "Q2")
    muse.execute("select muse.refresh_class_table('banks')")
    run("export", "table", "banks", "--out", str(path))
    assert parquet.read_table(path).num_rows == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "there is no class table nothing"),
        (["banks; drop"], "there is no class table banks; drop"),
        (["banks", "--format", "xls"], "the formats are csv and parquet"),
        (["banks", "--out", "x.xls"], "name a file that ends in .csv or .parquet"),
        (["banks", "--out", "/nowhere/x.csv"], "/nowhere/x.csv: No such file or directory"),
    ],
)
def test_what_cannot_be_exported_is_one_line(run, arguments, message):
    assert message in str(run("export", "table", *arguments, fails=True).exception)


def test_a_failed_export_keeps_the_older_file(run, tmp_path, monkeypatch):
    path = tmp_path / "banks.csv"
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("loaders.wikidata.export.write_csv", fail)
    run("export", "table", "banks", "--out", str(path), fails=True)
    assert [one.name for one in tmp_path.glob("banks*")] == ["banks.csv"]
    assert path.read_text() == "old"


def test_a_load_refreshes_tables_and_forget_deletes_one(run, tmp_path, muse):
    path = tmp_path / "newer.json"
    path.write_text("\n".join([entity("Q9", "Ninth", P31=[value("Q5")]), ""]))
    assert "muse_tables.banks: 1 row changed" in run("load", "wikidata", str(path)).stderr
    query = "select title from muse_tables.banks order by wikidata_id desc limit 1"
    assert muse.execute(query).fetchall() == [("Ninth",)]
    assert "muse_tables.banks is deleted" in run("forget", "table", "banks").stderr
    run("forget", "table", "banks", fails=True)


def test_refresh_updates_tables_without_a_changed_source(run, muse):
    run("forget", "item", "Q1")
    assert "wikidata: refreshing the class tables banks" in run("refresh", "wikidata").stderr
    assert muse.execute("select wikidata_id from muse_tables.banks").fetchall() == [("Q2",)]
