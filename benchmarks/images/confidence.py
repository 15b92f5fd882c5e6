"""The quality of confidence on held-out classes, and on queries that have no match."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from benchmarks.core.report import Row
from loaders.images import train
from loaders.images.search import confidence
from loaders.images.search.confidence import Calibration
from loaders.images.search.pairs import LabelledPictures, build_pairs, simulate_own

Array = np.ndarray[Any, np.dtype[Any]]
Predictions = dict[str, Array]  # by method (pairs,), and "same" and "classes" beside them
MEASURES = ("auroc", "fpr95", "ece")
METHODS = (
    "confidence", "of other photos", "1 - distance", "distance, calibrated", "largest probability",
)  # fmt: skip
CLASSES = "select distinct class from muse.image_sources where class is not null order by class"
FORGET = """
    with gone as (
        delete from muse.images as image using muse.pictures as picture
        where picture.image_id = image.image_id and picture.class = any(%s)
        returning image.image_id, image.thumbnail
    ),
    vectors as (
        delete from muse.image_vectors where image_id in (select image_id from gone)
    )
    select thumbnail from gone
"""
OF_CLASSES = """
    select image.thumbnail
    from muse.images as image join muse.pictures as picture using (image_id)
    where picture.class = any(%s)
"""
SURE = "select coalesce(max(confidence), 0) > 0.5 from muse.similar_images(%s::bytea)"
WORDS = "the of and to in is that for it as was with be by on not he his but at are this have from"


def rows(
    labelled: LabelledPictures, probabilities: Array, prior: Calibration, quick: bool
) -> Iterator[Row]:
    """Means over seeds, with 95 % intervals from a bootstrap over classes.

    prior: a calibration that was fitted to other photos.
    """
    seeds = [
        predict_held_out(labelled, probabilities, prior, seed) for seed in range(1 if quick else 5)
    ]
    kinds = np.unique(labelled.classes)
    pairs = [len(guesses["same"]) for guesses in seeds]
    positive = [float(guesses["same"].sum()) for guesses in seeds]
    yield Row("held-out classes: pairs, a seed", float(np.mean(pairs)))
    yield Row("held-out classes: of the same kind", float(np.mean(positive)))
    figures = {method: mean_quality(seeds, method) for method in METHODS}
    dice = np.random.default_rng(0)
    resamples = [
        {method: mean_quality(again, method) for method in METHODS}
        for again in (resampled(seeds, kinds, dice) for _ in range(20 if quick else 200))
    ]
    for measure in MEASURES:
        ours = figures["confidence"][measure]
        for method in METHODS:
            peer = "" if method == "confidence" else "confidence"
            yield Row(
                f"held-out classes: {measure}, {method}", figures[method][measure], "",
                peer, ours if peer else None,
            )  # fmt: skip
        low, high = np.percentile([one["confidence"][measure] for one in resamples], [2.5, 97.5])
        yield Row(f"held-out classes: {measure}, confidence, from", float(low))
        yield Row(f"held-out classes: {measure}, confidence, to", float(high))
        for method in METHODS[1:]:
            ahead = [better(measure, one["confidence"], one[method]) for one in resamples]
            yield Row(f"drawn again, ahead of {method}: {measure}", float(np.mean(ahead)))


def predict_held_out(
    labelled: LabelledPictures, probabilities: Array, prior: Calibration, seed: int
) -> Predictions:
    """The predictions of each method for each half of the classes, fitted to the other half."""
    kinds = np.random.default_rng(seed).permutation(np.unique(labelled.classes))
    half = np.isin(labelled.classes, kinds[::2])
    results: list[Predictions] = []
    for side, learned in ((half, ~half), (~half, half)):
        queries, pairs = build_pairs(labelled.select(side)), simulate_own(labelled.select(learned))
        distance = queries.features[:, :1]
        weights = confidence.logistic(pairs.features[:, :1], pairs.same)
        question = np.flatnonzero(side)[queries.queries]
        results.append(
            {
                "confidence": confidence.fit(pairs, prior).confidence(queries),
                "of other photos": prior.confidence(queries),
                "1 - distance": np.clip(1 - distance[:, 0], 0, 1),
                "distance, calibrated": 1 / (1 + np.exp(-weights[0] - weights[1] * distance[:, 0])),
                "largest probability": probabilities[question],
                "same": queries.same,
                "classes": labelled.classes[question],
            }
        )
    return {name: np.concatenate([one[name] for one in results]) for name in results[0]}


def mean_quality(seeds: list[Predictions], method: str) -> dict[str, float]:
    """The quality measures of a method, averaged over seeds."""
    figures = [confidence.quality(guesses[method], guesses["same"]) for guesses in seeds]
    return {measure: float(np.mean([one[measure] for one in figures])) for measure in MEASURES}


def resampled(
    seeds: list[Predictions], kinds: Array, dice: np.random.Generator
) -> list[Predictions]:
    """A bootstrap sample of classes, since pairs of one class are not independent."""
    classes = dice.choice(kinds, len(kinds))
    results = []
    for guesses in seeds:
        order = np.argsort(guesses["classes"], kind="stable")
        ordered = guesses["classes"][order]
        starts, ends = (np.searchsorted(ordered, classes, side) for side in ("left", "right"))
        which = np.concatenate([order[a:b] for a, b in zip(starts, ends, strict=True)])
        results.append({name: values[which] for name, values in guesses.items()})
    return results


def better(measure: str, ours: dict[str, float], theirs: dict[str, float]) -> bool:
    """Whether ours is ahead: AUROC is to be large, the others small."""
    larger = ours[measure] > theirs[measure]
    return larger if measure == "auroc" else not larger


def strangers(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """The shares of queries without a match that have a confidence above 0.5."""
    count = 4 if quick else 60
    dice = np.random.default_rng(0)
    for name, draw in {"noise": noise, "drawn text": text, "drawn icons": icon}.items():
        queries = [as_png(draw(dice, number)) for number in range(count)]
        yield Row(f"{name}: above .5", share_of_sure(conn, queries), "", "all", 1)
    kinds = [kind for (kind,) in conn.execute(CLASSES)]
    figures = []
    for seed in range(1 if quick else 3):
        away = np.random.default_rng(seed).permutation(kinds)[::4].tolist()
        stored = [row[0] for row in conn.execute(OF_CLASSES, (away,)).fetchall()]
        with conn.transaction(force_rollback=True):
            gone = [row[0] for row in conn.execute(FORGET, (away,)).fetchall()]
            train.train(conn, workers=2)
            strange = share_of_sure(conn, gone[: count * 4])
        figures.append((strange, share_of_sure(conn, stored[: count * 4])))
    strange, there = (float(np.mean(shares)) for shares in zip(*figures, strict=True))
    yield Row("photos of classes taken away: above .5", strange, "", "the same, stored", there)


def share_of_sure(conn: psycopg.Connection, pictures: list[bytes]) -> float:
    """The share of pictures that have a match with a confidence above 0.5."""
    sure = [conn.execute(SURE, (picture,)).fetchone() == (True,) for picture in pictures]
    return sum(sure) / len(sure)


def noise(dice: np.random.Generator, number: int) -> Image.Image:
    """Random pixels, blurred by 0 to 15 pixels."""
    pixels = dice.integers(0, 256, (330, 360, 3), dtype=np.uint8)
    return Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(number % 6 * 3))


def text(dice: np.random.Generator, number: int) -> Image.Image:
    """A page of words, as a screenshot has."""
    dark = number % 3 == 0
    image = Image.new("RGB", (640, 480), (30, 30, 34) if dark else "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(12 + number % 12)
    for top in range(10, 470, 18 + number % 12):
        line = " ".join(dice.choice(WORDS.split(), 14))
        pen.text((12, top), line, fill="white" if dark else "black", font=font)
    return image


def icon(dice: np.random.Generator, number: int) -> Image.Image:
    """A few flat shapes on one ground."""
    image = Image.new("RGB", (256, 256), tuple(dice.integers(150, 256, 3).tolist()))
    pen = ImageDraw.Draw(image)
    for _ in range(2 + number % 4):
        left, top = dice.integers(10, 150, 2).tolist()
        box = (left, top, left + 90, top + 90)
        shape = (pen.ellipse, pen.rectangle, pen.pieslice)[int(dice.integers(3))]
        angles = {"start": 20, "end": 300} if shape == pen.pieslice else {}
        shape(box, fill=tuple(dice.integers(0, 256, 3).tolist()), **angles)
    return image


def as_png(image: Image.Image) -> bytes:
    """Its bytes."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
