"""The tagger: ported weights, and equality with the package's own graph."""

import shutil

import numpy as np
import pytest

from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.sounds.tagger import musicnn, original
from loaders.sounds.tagger import train as tagger
from loaders.sounds.tagger.log_mel import log_mel
from tests.factories.sounds import tone
from udfs import runtime, sounds
from udfs.sound_patches import patches


def best_tags(network: bytes, instrument: str) -> list[str]:
    pcm = tone(instrument)
    pieces = patches(22_050, len(pcm), tagger.reader(pcm))
    heard = sounds.hear(runtime.open_network(network), pieces)
    labels = tagger.read_labels("mtt")
    return [labels[number] for number in np.argsort(-heard.tags)[:3]]


@pytest.mark.long
def test_litert_in_float32_is_the_original_graph_and_in_float16_nearly(network):
    folder = tagger.find_weights("mtt")
    with quiet():
        full = runtime.open_network(musicnn.export(tagger.port(folder), float16=False))
        pcm = tagger.examples()
        embeddings, tags = original.run(folder, np.array([log_mel(patch) for patch in pcm]))
    half = runtime.open_network(network)
    for patch, embedding, scores in zip(pcm, embeddings, tags, strict=True):
        ours, nearly = sounds.hear(full, [patch]), sounds.hear(half, [patch])
        assert np.abs(ours.tags - scores).max() < 1e-4
        assert tagger.cosine_of(ours.embedding, embedding) > 0.9999999
        assert np.abs(nearly.tags - scores).max() < 0.002
        assert tagger.cosine_of(nearly.embedding, embedding) > 0.99999


def test_the_network_is_small_and_knows_a_flute_from_drums(network):
    assert len(network) < 1_700_000
    assert "flute" in best_tags(network, "flute")
    assert "beat" in best_tags(network, "drums")


def test_loud_music_does_not_overflow(network):
    """musicnn's own extractor computes in float16, where a full scale of 1 is infinite."""
    loud = np.sign(tone("strings", seconds=3.1)[:48_128]).astype(np.float32)
    assert log_mel(loud).max() > np.log10(65_504)
    heard = sounds.hear(runtime.open_network(network), [loud])
    assert np.isfinite(heard.embedding).all()


@pytest.mark.long
def test_training_publishes_it_once(fresh, tagger_weights):
    first, second = tagger.train(fresh), tagger.train(fresh)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.model_id == second.model_id
    config, metrics = fresh.execute("select config, metrics from models").fetchone()
    assert config["tags"][:2] == ["guitar", "classical"]
    assert config["licence"] == "ISC"
    assert "CC BY-NC-SA" in config["licence_of_training_music"]
    assert metrics["cosine_to_original"] > 0.99999


def test_weights_that_are_missing_or_damaged_are_refused(tmp_path, monkeypatch, tagger_weights):
    samples = tagger.SAMPLES
    monkeypatch.setattr(tagger, "SAMPLES", tmp_path)
    with pytest.raises(Problem, match="not installed: run ./pgmuse setup"):
        tagger.find_weights("mtt")
    shutil.copytree(samples / "MTT_musicnn", tmp_path / "MTT_musicnn")
    with (tmp_path / "MTT_musicnn" / tagger.WEIGHTS).open("ab") as file:
        file.write(b"x")
    with pytest.raises(Problem, match="is damaged"):
        tagger.find_weights("mtt")
    with pytest.raises(Problem, match="there is no dataset 'gtzan': the datasets are mtt, msd"):
        tagger.find_weights("gtzan")


@pytest.mark.parametrize("content", ["", "MTT_LABELS = ['a']", "MTT_LABELS = open('x')", "(("])
def test_labels_are_read_and_not_run(tmp_path, monkeypatch, content):
    monkeypatch.setattr(tagger, "SAMPLES", tmp_path)
    (tmp_path / "configuration.py").write_text(content)
    with pytest.raises(Problem):
        tagger.read_labels("mtt")


@pytest.mark.long
def test_weights_that_are_missing_or_left_over_are_an_error(tagger_weights):
    with quiet():
        variables = original.read_checkpoint(tagger.find_weights("mtt"))
        with pytest.raises(ValueError, match="unused weights: more/kernel"):
            musicnn.port(variables | {"more/kernel": np.zeros(1)})
        del variables["conv2d/kernel"]
        with pytest.raises(ValueError, match="no weights conv2d/kernel"):
            musicnn.port(variables)
