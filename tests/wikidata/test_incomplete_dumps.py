"""Dumps that are cut off, and sources without entities, prune nothing."""

import gzip
import subprocess
import sys

import pytest

from loaders.admin.refresh import refresh
from loaders.core.errors import Problem
from tests.factories.wikidata import FRAMINGS, dump_of, entity, ids, many

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
def test_white_space_around_the_last_bracket_is_allowed(load, muse, end):
    load(many(6))
    assert load(("[\n" + ",\n".join(many(5)) + end).encode(), prune=True)
    assert len(ids(muse)) == 5


@pytest.mark.parametrize("framing", ["dump", "one line"])
def test_the_last_of_several_arrays_must_be_complete(load, muse, framing):
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


@pytest.mark.long
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


@pytest.mark.long
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
    assert load(many(4), labels=str(labels), prune=True)
    assert muse.execute(query).fetchall() == before[:4]
