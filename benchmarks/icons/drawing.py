"""Whether drawn icons look real, and show what words say."""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import psycopg

from benchmarks.core.report import Row
from benchmarks.icons.quality import parts_of
from loaders.core import db
from loaders.core.console import quiet
from loaders.core.shipped import read_card
from loaders.icons import SHIPPED
from loaders.icons.captioned import IconRow, described, read_icons
from loaders.icons.networks.examples import split_numbers
from udfs.bitmaps import bits, pixels

DRAWN = """
    select bitmap::text
    from muse.generate_icons(%s, %s, seed => %s, words => %s, best_of => %s)
"""
NEAREST = """
    select icon.name from muse.similar_icons(%s::bit varying, 20, in_kind => 'icon') as icon
"""
NAMES, EACH = 50, 4  # held-out names, and icons of each
AMONG = 5  # nearest real icons that may carry a word
FEWEST = 5  # training names with a word
FOLDS = 4


def rows(quick: bool) -> Iterator[Row]:
    """A classifier of real and drawn icons, and names whose words were seen, but not together."""
    with db.connect_to_muse(autocommit=True) as conn:
        for name in ("icons_32", "hieroglyphs_32"):
            yield from told_apart(conn, name, quick)
        yield from words(conn, quick)


def told_apart(conn: psycopg.Connection, name: str, quick: bool) -> Iterator[Row]:
    """How well a new classifier, cross-validated, tells held-out icons from drawn ones."""
    card = read_card(SHIPPED / f"{name}.tflite")
    parts = parts_of(conn, card.config["kind"], 32, card.config["sets"])
    real = np.concatenate([parts.validation.bitmaps, parts.test.bitmaps])[: 200 if quick else 2000]
    for best_of in (1, 6):
        drawn = np.concatenate([
            _drawn(conn, name, min(1000, len(real) - start), 70 + start, None, best_of)
            for start in range(0, len(real), 1000)
        ])  # fmt: skip
        row = f"{name}: real and drawn icons told apart, best of {best_of}"
        yield Row(row, 100 * _accuracy(real, drawn, 1 if quick else 10), "%", "by chance", 50)


def words(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """How often the nearest real icons of drawn ones carry a word they were drawn for."""
    icons = read_icons(conn, "icon", 32)
    bitmaps = np.stack([pixels(row.bitmap) for row in icons])
    numbers = split_numbers(bitmaps, [row.family for row in icons])
    counts = Counter(word for i in numbers.train for word in set(described(icons[i])[0]))
    held_out = [icons[i] for i in numbers.test if _is_usable(icons[i], counts)]
    step = max(len(held_out) // NAMES, 1)
    chosen = held_out[::step][: 10 if quick else NAMES]
    with_words, without, real = [], [], []
    for number, row in enumerate(chosen):
        texts = described(row)[0]
        text = " ".join(texts)
        with_words += _hits(conn, _drawn(conn, "icons_32", EACH, number, text, 6), texts, row.words)
        without += _hits(conn, _drawn(conn, "icons_32", EACH, number, None, 6), texts, row.words)
        real += _hits(conn, [pixels(row.bitmap)], texts, row.words)
    name = f"icons_32: words of {len(chosen)} held-out names in the nearest {AMONG}"
    yield Row(
        name, 100 * float(np.mean(with_words)), "%", "without words", 100 * float(np.mean(without))
    )
    yield Row(name, 100 * float(np.mean(with_words)), "%", "real icons", 100 * float(np.mean(real)))


def _is_usable(row: IconRow, counts: Counter[str]) -> bool:
    """Whether a name has several words, and each was seen in training."""
    texts = described(row)[0]
    return len(texts) > 1 and all(counts[word] >= FEWEST for word in texts)


def _hits(
    conn: psycopg.Connection, drawn: Iterable[np.ndarray], texts: list[str], name: str
) -> list[bool]:
    """For each icon whether one of the nearest icons of other names carries one of the words."""
    hits = []
    for bitmap in drawn:
        names = [row[0] for row in conn.execute(NEAREST, (bits(bitmap),))]
        others = [one for one in names if one != name][:AMONG]
        hits.append(any(set(texts) & set(one.split("-")) for one in others))
    return hits


def _drawn(
    conn: psycopg.Connection, model: str, n: int, seed: int, text: str | None, best_of: int
) -> np.ndarray:
    results = conn.execute(DRAWN, (model, n, seed, text, best_of))
    return np.stack([pixels(bitmap) for (bitmap,) in results])


def _accuracy(real: np.ndarray, drawn: np.ndarray, epochs: int) -> float:
    """The cross-validated accuracy of a convolutional classifier that is trained here alone."""
    with quiet():
        from loaders.icons.networks import viewing

    bitmaps = np.concatenate([real, drawn])
    targets = np.repeat([[1], [0]], [len(real), len(drawn)], axis=0)
    fold = np.random.default_rng(0).integers(0, FOLDS, len(bitmaps))
    right = []
    for number in range(FOLDS):
        network = viewing.build(1, bitmaps.shape[-1], seed=100 + number)
        train, test = fold != number, fold == number
        viewing.fit(network, bitmaps[train], targets[train], viewing.ViewFitting(epochs), _NoBar())
        logits = viewing.logits_of(network, bitmaps[test])
        right += ((logits > 0) == targets[test]).ravel().tolist()
    return float(np.mean(right))


class _NoBar:
    def update(self, steps: int = 1) -> None:
        """Show nothing."""
