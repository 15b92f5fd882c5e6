"""What icons of held-out families cost a network, and how new, how inked, how even its own are."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg

from benchmarks.core.report import Row
from loaders.core import db
from loaders.core.console import say
from loaders.core.shipped import Card, read_card
from loaders.icons import TOPIC
from loaders.icons.captioned import examples, read_icons
from loaders.icons.load import IconOptions, load_all
from loaders.icons.networks.examples import Parts, distances, split
from loaders.icons.networks.pixel_tables import lines
from udfs.bitmaps import bits, pixels

# Of Debian's fonts-noto-core: the same signs, drawn by others.
OTHER_HAND = Path("/usr/share/fonts/truetype/noto/NotoSansEgyptianHieroglyphs-Regular.ttf")
JBIG = "pbmtojbg"  # of Debian's jbigkit-bin
COSTS = "select muse.icon_nlls(%s::bit varying[], %s)"
DRAWN = """
    select bitmap::text, valid, copy_of from muse.generate_icons(%s, 1000, seed => %s)
"""


def rows(quick: bool) -> Iterator[Row]:
    """Bits a pixel on the test families of each network's own split, beside the tables'."""
    with db.connect_to_muse(autocommit=True) as conn:
        for card in _cards():
            parts = parts_of(conn, card.config["kind"], card.config["size"], card.config["sets"])
            test = parts.test.bitmaps[:: 10 if quick else 1]
            results = lines(parts.train.bitmaps, parts.validation.bitmaps, test)
            bits_a_pixel = cost(conn, card.name, test)
            name = f"{card.name}: bits a pixel, {len(test)} held out"
            for table, value in results.items():
                yield Row(name, bits_a_pixel, "bits", table, value)
            if shutil.which(JBIG):
                yield Row(name, bits_a_pixel, "bits", "JBIG, each sheet of 100", jbig(test))
        if not quick:
            yield from other_hand(conn)


def jbig(icons: np.ndarray) -> float:
    """Bits a pixel of sheets of 10 x 10 icons, packed by JBIG: it learns within a sheet."""
    packed = 0
    for start in range(0, len(icons), 100):
        part = icons[start : start + 100]
        size = part.shape[-1]
        sheet = np.zeros((100, size, size), dtype=bool)
        sheet[: len(part)] = part
        rows = sheet.reshape(10, 10, size, size).transpose(0, 2, 1, 3).reshape(10 * size, -1)
        pbm = f"P4 {rows.shape[1]} {rows.shape[0]}\n".encode() + np.packbits(rows, axis=1).tobytes()
        packed += len(subprocess.run([JBIG], input=pbm, capture_output=True, check=True).stdout)
    return 8 * packed / icons.size


def other_hand(conn: psycopg.Connection) -> Iterator[Row]:
    """Signs of another hand: the network has seen none of its lines."""
    if not OTHER_HAND.is_file():
        say(f"another hand is skipped: {OTHER_HAND} is not there")
        return
    options = IconOptions(kind="hieroglyph", sources=(str(OTHER_HAND),), icon_set="other hand")
    load_all(conn, options)
    parts = parts_of(conn, "hieroglyph", 32, {"NewGardiner": None})
    other = examples(read_icons(conn, "hieroglyph", 32, ["other hand"]), 32).bitmaps
    results = lines(parts.train.bitmaps, parts.validation.bitmaps, other)["context 16"]
    name = f"hieroglyphs_32: bits a pixel, {len(other)} signs in another hand"
    yield Row(name, cost(conn, "hieroglyphs_32", other), "bits", "context 16", results)


def novelty(quick: bool) -> Iterator[Row]:
    """A thousand drawn by each network of three seeds, beside the icons that were held out."""
    with db.connect_to_muse(autocommit=True) as conn:
        for card in _cards():
            yield from _novelty(conn, card, seeds=1 if quick else 3)


def _novelty(conn: psycopg.Connection, card: Card, seeds: int) -> Iterator[Row]:
    parts = parts_of(conn, card.config["kind"], card.config["size"], card.config["sets"])
    train, test = parts.train.bitmaps, parts.test.bitmaps
    results = [row for seed in range(seeds) for row in conn.execute(DRAWN, (card.name, seed))]
    drawn = np.stack([pixels(bitmap) for bitmap, _, _ in results])
    name, held_out = card.name, "held-out icons"
    yield Row(f"{name}: valid", 100 * float(np.mean([valid for _, valid, _ in results])), "%")
    copies = np.mean([copy is not None for _, _, copy in results])
    yield Row(f"{name}: exact copies of an icon", 100 * float(copies), "%")
    yield Row(
        f"{name}: pixels to the nearest training icon, median",
        nearest(drawn, train), "pixels", held_out, nearest(test, train),
    )  # fmt: skip
    for what, measure in (("ink", ink), ("pixels that agree with their mirror image", symmetry)):
        row = f"{name}: {what}", 100 * measure(drawn), "%", held_out, 100 * measure(test)
        yield Row(*row)


def nearest(icons: np.ndarray, others: np.ndarray) -> float:
    """The median over icons of how many pixels the nearest known one differs in."""
    return float(np.median(distances(icons, others)))


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
    rows = read_icons(conn, kind, size, list(sets))
    return split(examples(rows, size), [row.family for row in rows])


def _cards() -> list[Card]:
    """The cards of the networks that draw."""
    cards = [read_card(model.shipped) for model in TOPIC.models if model.shipped is not None]
    return [card for card in cards if card.config.get("network") in ("lines", "tokens")]
