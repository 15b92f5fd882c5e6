"""What icons of held-out families cost a network, and how new, how inked, how even its own are."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg

from benchmarks.core.report import Row
from loaders.core import db
from loaders.core.console import quiet, say
from loaders.core.shipped import Card, read_card
from loaders.icons import TOPIC
from loaders.icons.load import IconOptions, load_all
from loaders.icons.train import QUERIES
from udfs.bitmaps import bits, pixels

with quiet():
    from loaders.icons.networks.fitting import Parts, split
    from loaders.icons.networks.pixel_tables import lines

# Of Debian's fonts-noto-core: the same signs, drawn by others.
OTHER_HAND = Path("/usr/share/fonts/truetype/noto/NotoSansEgyptianHieroglyphs-Regular.ttf")
COSTS = "select muse.icon_nlls(%s::bit varying[], %s)"
DRAWN = """
    select bitmap::text, valid, copy_of from muse.generate_icons(%s, 1000, seed => %s)
"""


def rows(quick: bool) -> Iterator[Row]:
    """Bits a pixel on the test families of each network's own split, beside the tables'."""
    with db.connect_to_muse(autocommit=True) as conn:
        for card in _cards():
            parts = parts_of(conn, card.config["kind"], card.config["size"], card.config["sets"])
            test = parts.test[:: 10 if quick else 1]
            results = lines(parts.train, parts.validation, test)
            bits_a_pixel = cost(conn, card.name, test)
            for table, value in results.items():
                name = f"{card.name}: bits a pixel, {len(test)} held out"
                yield Row(name, bits_a_pixel, "bits", table, value)
        if not quick:
            yield from other_hand(conn)


def other_hand(conn: psycopg.Connection) -> Iterator[Row]:
    """Signs of another hand: the network has seen none of its lines."""
    if not OTHER_HAND.is_file():
        say(f"another hand is skipped: {OTHER_HAND} is not there")
        return
    options = IconOptions(kind="hieroglyph", sources=(str(OTHER_HAND),), icon_set="other hand")
    load_all(conn, options)
    parts = parts_of(conn, "hieroglyph", 32, {"NewGardiner": None})
    other = icons_of(conn, "hieroglyph", 32, {"other hand": None})[0]
    results = lines(parts.train, parts.validation, other)["context 16"]
    name = f"hieroglyphs_32: bits a pixel, {len(other)} signs in another hand"
    yield Row(name, cost(conn, "hieroglyphs_32", other), "bits", "context 16", results)


def novelty(quick: bool) -> Iterator[Row]:
    """A thousand drawn by each network of three seeds, beside the icons that were held out."""
    with db.connect_to_muse(autocommit=True) as conn:
        for card in _cards():
            yield from _novelty(conn, card, seeds=1 if quick else 3)


def _novelty(conn: psycopg.Connection, card: Card, seeds: int) -> Iterator[Row]:
    parts = parts_of(conn, card.config["kind"], card.config["size"], card.config["sets"])
    results = [row for seed in range(seeds) for row in conn.execute(DRAWN, (card.name, seed))]
    drawn = np.stack([pixels(bitmap) for bitmap, _, _ in results])
    name, held_out = card.name, "held-out icons"
    yield Row(f"{name}: valid", 100 * float(np.mean([valid for _, valid, _ in results])), "%")
    copies = np.mean([copy is not None for _, _, copy in results])
    yield Row(f"{name}: exact copies of an icon", 100 * float(copies), "%")
    yield Row(
        f"{name}: pixels to the nearest training icon, median",
        nearest(drawn, parts.train), "pixels", held_out, nearest(parts.test, parts.train),
    )  # fmt: skip
    for what, measure in (("ink", ink), ("pixels that agree with their mirror image", symmetry)):
        row = f"{name}: {what}", 100 * measure(drawn), "%", held_out, 100 * measure(parts.test)
        yield Row(*row)


def nearest(icons: np.ndarray, others: np.ndarray) -> float:
    """The median over icons of how many pixels the nearest known one differs in."""
    one, other = (part.reshape(len(part), -1).astype(np.float32) for part in (icons, others))
    apart = one.sum(1)[:, None] + other.sum(1)[None] - 2 * one @ other.T
    return float(np.median(apart.min(1)))


def ink(icons: np.ndarray) -> float:
    """The share of ink."""
    return float(icons.mean())


def symmetry(icons: np.ndarray) -> float:
    """The share of pixels in the box of an icon that are as those across the box's middle."""
    shares = []
    for icon in icons:
        box = icon[icon.any(1)][:, icon.any(0)]
        shares.append((box == box[:, ::-1]).mean() if box.size else 1)
    return float(np.mean(shares))


def cost(conn: psycopg.Connection, model: str, icons: np.ndarray) -> float:
    """The mean of what icons cost a network, asked in SQL."""
    (results,) = conn.execute(COSTS, ([bits(icon) for icon in icons], model)).fetchone() or ([],)
    return float(np.mean(results))


def parts_of(conn: psycopg.Connection, kind: str, size: int, sets: dict[str, str | None]) -> Parts:
    """The split that a network of these sets was trained on."""
    return split(*icons_of(conn, kind, size, sets))


def icons_of(
    conn: psycopg.Connection, kind: str, size: int, sets: dict[str, str | None]
) -> tuple[np.ndarray, list[str]]:
    """Bitmaps and families, each bitmap once."""
    rows = conn.execute(
        QUERIES.training_icons, {"kind": kind, "size": size, "sets": list(sets) or None}
    ).fetchall()
    return np.stack([pixels(bitmap) for _, bitmap in rows]), [family for family, _ in rows]


def _cards() -> list[Card]:
    return [read_card(model.shipped) for model in TOPIC.models if model.shipped is not None]
