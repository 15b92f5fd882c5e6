"""Pruning of Wikidata: at most a share of the rows, also after interruptions."""

import os
import subprocess
import sys

import pytest

from loaders.admin.refresh import refresh
from loaders.wikidata import dump
from loaders.wikidata.options import WikidataOptions
from tests.factories.loads import load_wikidata as load_all
from tests.factories.wikidata import BROKEN, dump_of, entity, ids, many


def test_an_interrupted_load_resumes_and_prunes(load, muse, monkeypatch):
    """Entries that failed before the interruption are not read again, and their rows stay."""
    load(many(25))
    monkeypatch.setattr(dump.chunks, "__defaults__", (400,))
    lines = [BROKEN["dump"], *(line for line in many(24) if '"Q3"' not in line)]
    with monkeypatch.context() as patch:
        patch.setattr("loaders.core.dumps.load.delete_stale_chunks", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(lines)
    assert load(lines, prune=True)
    assert set(ids(muse)) == {f"Q{n}" for n in range(1, 25)}
    with monkeypatch.context() as patch:
        patch.setattr("loaders.core.dumps.load.delete_stale_chunks", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(["oops", *many(23)])
    assert not load(["oops", *many(23)], prune=True)
    assert len(ids(muse)) == 24


def interrupt(*arguments):
    raise KeyboardInterrupt


def test_a_resumed_load_compares_rows_that_others_changed_again(load, muse, monkeypatch):
    """Another load added a language to Q1; Q2, which is unchanged in the dump, was deleted."""
    load(many(3), name="other.json")
    lines = [many(1, lastrevid=4)[0], *many(3)[1:]]
    with monkeypatch.context() as patch:
        patch.setattr("loaders.core.dumps.load.delete_stale_chunks", interrupt)
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


@pytest.mark.long
def test_at_most_a_tenth_is_pruned(load, muse, capsys):
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
    assert load(many(1), prune=True)  # below 20 rows the share is not checked


@pytest.mark.long
def test_a_second_run_is_refused_too(load, muse, tmp_path):
    """A wrong dump: the rows that it adds do not make the share of the others small."""
    load(many(25), prune=True)
    other = [entity(f"Q{number}", "other") for number in range(1000, 1400)]
    assert not load(other, prune=True)
    assert len(ids(muse)) == 425
    assert not refresh(muse)
    assert len(ids(muse)) == 425
    assert load(other, prune=True, max_prune=1)
    assert len(ids(muse)) == 400
    assert load(other[5:], prune=True)  # compared with the new count


@pytest.mark.long
def test_refresh_uses_the_stored_share(load, muse, tmp_path):
    load(many(25), prune=True, max_prune=0.5)
    (tmp_path / "dump.json").write_bytes(dump_of(many(15)))
    assert refresh(muse)
    assert len(ids(muse)) == 15
    (tmp_path / "dump.json").write_bytes(dump_of(many(15)[:2]))
    assert refresh(muse)  # fewer than 20 rows
    assert len(ids(muse)) == 2


def test_one_file_of_several_prunes_nothing(load, muse, capsys):
    load(many(3), name="part1.json")
    load([entity("Q9", "Other part")], name="part2.json")
    assert not load(many(2), name="part1.json", prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q9"]
    assert "nothing is pruned: rows may also come from" in capsys.readouterr().err


def test_pruning_comes_after_a_load_without(load, muse, tmp_path, capsys):
    load(many(3))
    load(many(2))
    again = WikidataOptions(source=str(tmp_path / "dump.json"), prune=True, workers=0)
    assert load_all(muse, again)
    assert len(ids(muse)) == 2
    assert load_all(muse, again)
    assert "unchanged, skipped" in capsys.readouterr().err


@pytest.mark.long
def test_the_command_has_an_option_for_the_share(load, muse, tmp_path):
    load(many(25))
    path = tmp_path / "dump.json"
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
    assert "without a readable id" in capsys.readouterr().err
    assert len(ids(muse)) == 30


@pytest.mark.long
def test_a_load_without_pruning_does_not_lift_the_refusal(load, muse):
    load(many(25), prune=True)
    other = [entity(f"Q{n}", "other") for n in range(1000, 1400)]
    assert not load(other, prune=True)
    assert load(other)
    assert not load(other, prune=True)
    assert len(ids(muse)) == 425
    assert load(other, prune=True, max_prune=1)
    assert load([*other, entity("Q9", "new")], prune=True)
    assert len(ids(muse)) == 401
