"""Sound's part of the demo: a library of 16 tracks and its answers."""

import pytest

from loaders.sounds import demo, sources
from tests.factories.rows import add_model


@pytest.mark.long
def test_the_demo_answers_from_the_sample(listening, monkeypatch):
    if sources.sample_source(1) is None:
        pytest.skip("needs the sample packages: ./pgmuse setup")
    monkeypatch.setattr(demo, "train_tagger", lambda conn: None)  # it is live already
    answers = [listening.execute(answer.query).fetchall() for answer in demo.demo(listening)]
    assert [len(rows) for rows in answers] == [5, 5, 16]
    assert answers[0][0][0] == "A New Journey"
    licences = "select distinct licence from sound_files"
    assert "by-sa" in listening.execute(licences).fetchone()[0]
    models = "select count(*) from models where name = 'sounds'"
    assert len(list(demo.demo(listening))) == 3
    assert listening.execute(models).fetchone() == (1,)  # nothing is trained again


def test_without_the_sample_the_demo_goes_on(fresh, monkeypatch, tmp_path, capsys):
    add_model(fresh, "tagger", b"xxxxTFL3" + bytes(20))
    monkeypatch.setattr(demo, "train_tagger", lambda conn: None)
    monkeypatch.setattr(sources, "SAMPLE_FOLDERS", (tmp_path,))
    assert list(demo.demo(fresh)) == []
    assert "skipped, its package is missing: run ./pgmuse setup" in capsys.readouterr().err
