"""Port the tagger from the installed weights, compare it with the original, and deploy it."""

import ast
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg

from loaders.core.config import HOME
from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.core.models import live_model, publish
from loaders.core.sources import sha256
from loaders.sounds import tones
from loaders.sounds.tagger import musicnn, original
from loaders.sounds.tagger.log_mel import log_mel
from udfs import runtime, sounds
from udfs.sound_patches import Array, patches

SAMPLES = HOME / "samples" / "musicnn"
WEIGHTS = ".data-00000-of-00001"
# Tolerances for float16 weights.
COSINE = 0.99999  # smallest cosine similarity of two embeddings
SCORE = 0.002  # largest difference of a tag's score


class Dataset(NamedTuple):
    """What a network was trained on. sha256: of its weights. licence: of the music, with its terms.

    published_roc_auc: of its tags on held-out music.
    """

    name: str
    sha256: str
    published_roc_auc: float
    licence: str


DATASETS = {
    "mtt": Dataset(
        "MagnaTagATune",
        "041f3935e981a65cea739842d30c188d3a7d2adf4410955c8668eb3de4a5acab",
        0.907,
        "clips of Magnatune with tags of TagATune, CC BY-NC-SA 3.0",
    ),
    "msd": Dataset(
        "Million Song Dataset",
        "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
        0.880,
        "previews of 7digital, not published; tags of Last.fm, for research only",
    ),
}


class TrainedTagger(NamedTuple):
    """The live tagger. is_new: whether this call deployed it."""

    model_id: int
    metrics: dict[str, Any]
    is_new: bool


def train(conn: psycopg.Connection, dataset: str = "mtt") -> TrainedTagger:
    """Port the network of a dataset and deploy it unless it is live.

    `conn` is in autocommit mode. Errors: Problem where the weights are missing or damaged, or the
    exported network differs from the original.
    """
    folder, labels = find_weights(dataset), read_labels(dataset)
    about = DATASETS[dataset]
    live = live_model(conn, "tagger")
    if live is not None and live.config.get("sha256") == about.sha256:
        return TrainedTagger(live.model_id, live.metrics, is_new=False)
    with quiet():
        content = musicnn.export(port(folder))
        metrics = {"published_roc_auc": about.published_roc_auc, **measure(folder, content)}
    config = {
        "network": "musicnn",
        "dataset": about.name,
        "weights": f"musicnn 0.1.0, {folder.name}",
        "sha256": about.sha256,
        "licence": "ISC",
        "licence_of_training_music": about.licence,
        "tags": labels,
    }
    model_id = publish(conn, "tagger", config, metrics, content=content)
    return TrainedTagger(model_id, metrics, is_new=True)


def find_weights(dataset: str) -> Path:
    """The folder of the installed weights. Errors: Problem where they are missing or damaged."""
    if dataset not in DATASETS:
        raise Problem(f"there is no dataset {dataset!r}: the datasets are {', '.join(DATASETS)}")
    folder = SAMPLES / f"{dataset.upper()}_musicnn"
    if not (folder / WEIGHTS).is_file():
        raise Problem("the weights of the tagger are not installed: run ./pgmuse setup")
    if sha256(folder / WEIGHTS) != DATASETS[dataset].sha256:
        raise Problem(f"{folder} is damaged: remove {HOME}/samples/stamp, then run ./pgmuse setup")
    return folder


def read_labels(dataset: str) -> list[str]:
    """The 50 tags in the order of the network's outputs. Errors: Problem."""
    path, name = SAMPLES / "configuration.py", f"{dataset.upper()}_LABELS"
    try:
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:  # nothing is run
            match statement:
                case ast.Assign(targets=[ast.Name(id=target)]) if target == name:
                    labels = [str(label) for label in ast.literal_eval(statement.value)]
                    if len(labels) == sounds.TAGS:
                        return labels
    except (OSError, SyntaxError, ValueError) as error:
        raise Problem(f"{path} cannot be read ({error}): run ./pgmuse setup") from error
    raise Problem(f"{path} has no 50 tags {name}: remove {HOME}/samples/stamp, then set up again")


def port(folder: Path) -> Any:
    """The Keras model with the folder's weights. Errors: Problem where they do not fit."""
    try:
        return musicnn.with_front_end(musicnn.port(original.read_checkpoint(folder)))
    except ValueError as error:
        raise Problem(f"{folder.name} does not fit the network: {error}") from error


def measure(folder: Path, content: bytes) -> dict[str, Any]:
    """Compare the flatbuffer with the package's own graph, on tones and on loud noise.

    Errors: Problem where they differ by more than the tolerances.
    """
    pcm = examples()
    embeddings, tags = original.run(folder, np.array([log_mel(patch) for patch in pcm]))
    interpreter = runtime.open_network(content)
    ours = [sounds.hear(interpreter, [patch]) for patch in pcm]
    pairs = list(zip(ours, embeddings, tags, strict=True))
    cosine = min(cosine_of(one.embedding, embedding) for one, embedding, _ in pairs)
    difference = max(float(np.abs(one.tags - scores).max()) for one, _, scores in pairs)
    if cosine < COSINE or difference > SCORE:
        raise Problem(
            f"the exported network differs from the original (cosine {cosine:.6f}, score "
            f"{difference:.4f}) and is not stored"
        )
    return {
        "patches": len(pcm),
        "cosine_to_original": round(cosine, 7),
        "difference_to_original": round(difference, 5),
    }


def examples() -> list[Array]:
    """One patch of each tone, and noise at full scale, which overflows in float16."""
    pcm = [
        next(patches(tones.RATE, len(tone.pcm), reader(tone.pcm))) for tone in tones.tones(each=3)
    ]
    noise = np.random.default_rng(0).uniform(-1, 1, pcm[0].shape)
    return [*pcm, np.sign(noise).astype(np.float32)]


def reader(pcm: Array) -> Any:
    """A function that reads mono samples, as `patches` takes it."""
    return lambda first, count: pcm[first : first + count]


def cosine_of(one: Array, other: Array) -> float:
    """The cosine similarity of two vectors."""
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
