"""What a load of Wikidata takes away: nothing, but what a complete dump does not hold any more."""

import gzip
import os
import subprocess
import sys

import psycopg
import pytest

from loaders.admin.refresh import refresh
from loaders.core.errors import Problem
from loaders.wikidata import dump, staging
from loaders.wikidata.failed import readable_ids
from loaders.wikidata.options import WikidataOptions
from tests.factories.loads import load_wikidata as load_all
from tests.factories.wikidata import FRAMINGS, dump_of, entity, errors, ids, many

# Sources that are not complete --------------------------------------------------------------------

START, LAST = b'"type": "item"', b'"sitelinks"'  # of the last entity
CUT = {
    "in an entity": lambda text: text[: text.rindex(LAST)],
    "after a bracket in an entity": lambda text: text[
        : text.rindex(b"]", 0, text.rindex(LAST)) + 1
    ],
    "after an entity": lambda text: text[: text.rindex(b"{", 0, text.rindex(START))].rstrip(),
    "in a character": lambda text: text[: text.rindex("é".encode()) + 1],
    "without its bracket": lambda text: text.rstrip().removesuffix(b"]"),
}


@pytest.mark.parametrize("cut", CUT)
@pytest.mark.parametrize("framing", ["dump", "one line", "indented", "windows"])
def test_a_dump_that_is_cut_off_prunes_nothing(load, muse, capsys, cut, framing):
    lines = [line.replace("Dog", "Caf\u00e9") for line in many(6)]
    load(lines)
    newer = [line.replace('"lastrevid": 1', '"lastrevid": 2') for line in lines]
    text = FRAMINGS[framing]([*newer[:3], *newer[4:]]).replace("\\u00e9", "\u00e9")
    assert not load(CUT[cut](text.encode()), name="cut.json", prune=True)
    assert len(ids(muse)) == 6
    assert "nothing is pruned: the dump is cut off" in capsys.readouterr().err
    newest = "select max(lastrevid) from wikidata"
    assert muse.execute(newest).fetchone() == (2,)  # what came before the cut is loaded


@pytest.mark.parametrize(
    "end", ["\n]", "\n]   \n\n \t", "\r\n]\r\n", "]", " ,\n]\n", "\n\n\n]" + "\n" * 300]
)
def test_any_end_of_an_array_is_one(load, muse, end):
    load(many(6))
    assert load(("[\n" + ",\n".join(many(5)) + end).encode(), prune=True)
    assert len(ids(muse)) == 5


@pytest.mark.parametrize("framing", ["dump", "one line"])
def test_the_last_of_several_arrays_has_an_end(load, muse, framing):
    load(many(6))
    one, other = (FRAMINGS[framing](lines) for lines in (many(3), many(5)[3:]))
    assert not load((one + other.rstrip()[:-1]).encode(), prune=True)
    assert load((one + other).encode(), prune=True)
    assert len(ids(muse)) == 5


def test_lines_without_brackets_are_loaded_and_not_pruned(load, muse, capsys):
    load(many(5))
    lines = "\n".join([*many(4), entity("Q9", "new")]).encode()
    assert load(lines, name="lines")
    assert not load(lines, name="lines", prune=True)
    assert "nothing in the source says that it is complete" in capsys.readouterr().err
    assert len(ids(muse)) == 6


def test_a_pipe_that_broke_prunes_nothing(load, muse):
    load(many(5))
    command = [sys.executable, "-m", "loaders", "load", "wikidata", "-", "--prune"]
    done = subprocess.run(command, input=dump_of(many(3))[:-4], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"cut off" in done.stderr
    assert len(ids(muse)) == 5


def test_an_archive_with_something_behind_it_prunes_nothing(load, muse):
    load(many(5))
    assert not load(gzip.compress(dump_of(many(3))) + b"garbage", name="x.gz", prune=True)
    assert len(ids(muse)) == 5


NOTHING = {
    "an HTML page": b"<html>\n<body>502</body>\n</html>\n",
    "JSON without an entry": b"[\n]\n",
    "MediaWiki XML": b"<mediawiki>\n<page>\n</page>\n</mediawiki>\n",
    "JSON": b'{"a": 1}\n',
    "empty": b"",
    "XML": b'<?xml version="1.0"?>\n' + b"<a/>\n" * 1500,
}


@pytest.mark.parametrize("kind", NOTHING)
def test_a_source_without_entities_changes_nothing(load, muse, kind):
    load(many(5), prune=True)
    before = muse.execute("select fingerprint from sources").fetchone()
    with pytest.raises(Problem, match=f"nothing was changed: it (seems to be|is) .*{kind}|{kind}$"):
        load(NOTHING[kind], prune=True)
    assert len(ids(muse)) == 5
    assert muse.execute("select fingerprint from sources").fetchone() == before
    last = "select status from load_runs order by run_id desc limit 1"
    assert muse.execute(last).fetchone() == ("failed",)
    left = "select from pg_class where relname like 'wikidata!_%!_seen' escape '!'"
    assert muse.execute(left, prepare=False).fetchall() == [] or kind == "XML"


def test_a_refresh_over_an_error_page_changes_nothing(load, muse, tmp_path, capsys):
    load(many(25), prune=True)
    (tmp_path / "dump.json").write_bytes(NOTHING["an HTML page"])
    assert not refresh(muse)
    assert "it seems to be an HTML page" in capsys.readouterr().err
    assert len(ids(muse)) == 25
    (tmp_path / "dump.json").write_bytes(dump_of(many(24)))
    assert refresh(muse)
    assert len(ids(muse)) == 24


def test_labels_and_samples_prune_nothing(load, muse, tmp_path):
    labels = tmp_path / "labels.tsv"
    labels.write_text("id\tlabel\nQ1\tcat\n")
    load(many(5))
    query = "select wikidata_id, xmin::text from wikidata order by 1"
    before = muse.execute(query).fetchall()
    assert load(many(4), labels=labels, prune=True)
    assert muse.execute(query).fetchall() == before[:4]


# Entries that failed ------------------------------------------------------------------------------

BROKEN = {
    "dump": '{"type": "item", "id": "Q3", oops',
    "a pageid first": '{"pageid": 7, "ns": 0, "title": "Q3", "lastrevid": 9, "id":"Q3", oops',
    "blanks": '{ "id" :\t"Q3" "labels": {}}',
    "no comma": '{"type": "property", "datatype": "string", "id": "Q3" "labels": {}}',
    "a revision of 20 digits": '{"type":"item","id":"Q3","lastrevid":18446744073709551616}',
    "a lone surrogate": '{"type":"item","id":"Q3","labels":{"en":{"language":"en","value":"\\ud800"}}}',
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("framing", ["dump", "one line"])
def test_the_row_of_an_entry_that_failed_stays(load, muse, broken, framing):
    load(many(5))
    lines = [*many(2), BROKEN[broken], entity("Q4", "Dog 4")]
    assert load(FRAMINGS[framing](lines).encode(), prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]  # Q5 is gone
    assert len(errors(muse)) == 1


@pytest.mark.parametrize("line", ["oops", '{"type":"item","id":"../Q3"}', '{"id":3}', '{"id":"Q3'])
def test_an_entry_without_an_id_prunes_nothing(load, muse, capsys, line):
    load(many(5))
    assert not load([*many(2), line], prune=True)
    assert "1 entries have no readable id" in capsys.readouterr().err
    assert len(ids(muse)) == 5


def test_an_entry_that_postgres_refuses_stays(load, muse, monkeypatch):
    load(many(5))
    original = staging.EntityStager.copy

    def refuse(self, entities, *arguments):
        if any(entry.wikidata_id == "Q3" for _, entry in entities):
            raise psycopg.DataError("a value that no column takes")
        original(self, entities, *arguments)

    monkeypatch.setattr(staging.EntityStager, "copy", refuse)
    assert load(many(4, lastrevid=2), prune=True)
    assert "refused" in dict(errors(muse))["line 4"]
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]


def test_an_entity_that_broken_text_swallows_stays(load, muse):
    load(many(5))
    swallowed = '{"labels": {}, "id": "Q4"}'
    text = f"[{many(1)[0]}, {BROKEN['dump']} ,{swallowed}, {entity('Q2', 'x')}]"
    assert load(text.encode(), prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]


def test_the_row_of_a_line_that_is_too_long_stays(load, muse, monkeypatch):
    load(many(5))
    monkeypatch.setattr(dump, "LONGEST", 20_000)
    monkeypatch.setattr(dump.chunks, "__defaults__", (5_000,))
    assert load([*many(2), entity("Q3", "x" * 90_000), entity("Q4", "x")], prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]
    assert "longer than" in dict(errors(muse))["line 4"]


def test_ids_are_read_in_linear_time_and_are_not_those_of_values():
    text = '{"type":"item","id":"Q1","claims":{"P31":[{"numeric-id":5,"id":"Q5"},{"id":"Q1$x"}]'
    assert readable_ids(text.encode()) == ("Q1",)
    assert readable_ids(b'{"type":"item","type":' * 100_000) == ()
    assert readable_ids(b'{"id":"Q1"' + b'"id" : ' * 100_000) == ("Q1",)


def test_an_interrupted_load_goes_on_and_prunes(load, muse, monkeypatch):
    """What failed before the interruption is not read again, and stays all the same."""
    load(many(25))
    monkeypatch.setattr(dump.chunks, "__defaults__", (400,))
    lines = [BROKEN["dump"], *(line for line in many(24) if '"Q3"' not in line)]
    with monkeypatch.context() as patch:
        patch.setattr("loaders.core.dumps.load.forget_stale", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(lines)
    assert load(lines, prune=True)
    assert set(ids(muse)) == {f"Q{n}" for n in range(1, 25)}
    with monkeypatch.context() as patch:
        patch.setattr("loaders.core.dumps.load.forget_stale", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(["oops", *many(23)])
    assert not load(["oops", *many(23)], prune=True)
    assert len(ids(muse)) == 24


def interrupt(*arguments):
    raise KeyboardInterrupt


def test_an_interrupted_load_looks_again_at_rows_that_others_changed(load, muse, monkeypatch):
    """Q1 has got another language, Q2, which does not change, was removed."""
    load(many(3), name="other.json")
    lines = [many(1, lastrevid=4)[0], *many(3)[1:]]
    with monkeypatch.context() as patch:
        patch.setattr("loaders.core.dumps.load.forget_stale", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(lines)
    assert load(many(1, lastrevid=3), name="other.json", languages=("en", "nl"))
    muse.execute("delete from wikidata where wikidata_id = 'Q2'")
    assert load(lines)
    query = (
        "select wikidata_id, lastrevid, languages from wikidata join wikidata_kept using (kept_as)"
    )
    assert sorted(muse.execute(query).fetchall()) == [
        ("Q1", 4, ["en", "nl"]), ("Q2", 1, ["en"]), ("Q3", 1, ["en"]),
    ]  # fmt: skip


# How much may go ----------------------------------------------------------------------------------


def test_no_more_than_a_tenth_goes(load, muse, capsys):
    load(many(25), prune=True)
    newer = many(22, lastrevid=2)
    assert not load(newer, prune=True)
    assert "3 of 25 rows (12%) would go" in capsys.readouterr().err
    assert len(ids(muse)) == 25
    rest = "select count(*) from wikidata where lastrevid = 2"
    assert muse.execute(rest).fetchone() == (22,)  # the load is kept
    fingerprint = muse.execute("select fingerprint from sources").fetchone()
    assert fingerprint == (None,)  # the next refresh tries again
    assert load(many(23), prune=True)
    assert len(ids(muse)) == 23
    assert load(many(3), prune=True, max_prune=0.9)
    assert len(ids(muse)) == 3
    assert load(many(1), prune=True)  # a share of a few rows says nothing


def test_a_second_run_does_not_pass_what_was_refused(load, muse, tmp_path):
    """Another dump by mistake: what it adds does not make the rest a small share."""
    load(many(25), prune=True)
    other = [entity(f"Q{number}", "other") for number in range(1000, 1400)]
    assert not load(other, prune=True)
    assert len(ids(muse)) == 425
    assert not refresh(muse)
    assert len(ids(muse)) == 425
    assert load(other, prune=True, max_prune=1)
    assert len(ids(muse)) == 400
    assert load(other[5:], prune=True)  # the count is of now again


def test_the_share_is_kept_for_refresh(load, muse, tmp_path):
    load(many(25), prune=True, max_prune=0.5)
    (tmp_path / "dump.json").write_bytes(dump_of(many(15)))
    assert refresh(muse)
    assert len(ids(muse)) == 15
    (tmp_path / "dump.json").write_bytes(dump_of(many(15)[:2]))
    assert refresh(muse)  # fewer than 20 rows
    assert len(ids(muse)) == 2


def test_pruning_comes_after_a_load_without(load, muse, tmp_path, capsys):
    load(many(3))
    load(many(2))
    again = WikidataOptions(source=str(tmp_path / "dump.json"), prune=True, workers=0)
    assert load_all(muse, again)
    assert len(ids(muse)) == 2
    assert load_all(muse, again)
    assert "unchanged, skipped" in capsys.readouterr().err


def test_the_command_takes_the_share(load, muse, tmp_path):
    load(many(25))
    path = tmp_path / "newer.json"
    path.write_bytes(dump_of(many(20)))
    command = [sys.executable, "-m", "loaders", "load", "wikidata", str(path), "--prune"]
    quiet = {"check": False, "capture_output": True, "env": dict(os.environ)}
    assert subprocess.run(command, **quiet).returncode == 1
    assert subprocess.run([*command, "--max-prune", "0.2"], **quiet).returncode == 0
    assert len(ids(muse)) == 20


def test_a_gap_of_zeros_may_have_swallowed_entities(load, muse, capsys):
    lines = many(30)
    load(lines)
    text = dump_of(lines)
    start, end = (text.index(id) + 40 for id in (b'"Q11"', b'"Q13"'))
    assert not load(text[:start] + bytes(end - start) + text[end:], prune=True)
    assert "no readable id" in capsys.readouterr().err
    assert len(ids(muse)) == 30


def test_a_load_between_does_not_allow_what_was_refused(load, muse):
    load(many(25), prune=True)
    other = [entity(f"Q{n}", "other") for n in range(1000, 1400)]
    assert not load(other, prune=True)
    assert load(other)
    assert not load(other, prune=True)
    assert len(ids(muse)) == 425
    assert load(other, prune=True, max_prune=1)
    assert load([*other, entity("Q9", "new")], prune=True)
    assert len(ids(muse)) == 401
