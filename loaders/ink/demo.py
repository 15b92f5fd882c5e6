"""Deep Ink's part of the demo."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from loaders.core import db
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.topics import Answer
from loaders.ink.draw import InkDrawing, run_deep_ink, save
from loaders.ink.train import train

DRAWINGS: tuple[dict[str, Any], ...] = tuple(
    {"layer": layer, "channel": channel}
    for layer, channel in (
        ("block3", 22), ("block4", 97), ("block5", 136), ("block4", 71),
        ("block4", 3), ("block5", 54), ("block3", 56), ("block4", 62),
    )
)  # fmt: skip
STORED = "select from muse.ink_samples where parameters = %s"


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Export the gradients of all layers, and draw with some."""
    try:
        say("exporting the gradients of the classifier's layers")
        train(conn)
    except Problem as error:
        say(f"Deep Ink is skipped: {error}")
        return
    say("drawing eight pictures with ink")
    missing = [
        arguments
        for arguments in DRAWINGS
        if not conn.execute(STORED, (Jsonb(arguments),)).rowcount
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # a connection draws on one processor
        for arguments, drawing in zip(missing, pool.map(_draw, missing), strict=True):
            save(conn, arguments, drawing)
    grown = "from deep_ink('block2', channel => 3, steps => 100, every => 20)"
    yield Answer(
        "What does a network draw in black and white?",
        "Each step flips strokes from the border of the ink that raise the score, by the gradient. "
        "The score is the mean activation of a channel; that of the best drawing never falls.",
        f"select step, round(score::numeric, 3) as score, flipped, ink\n{grown}",
        page_column="'data:image/png;base64,' || encode(picture, 'base64') " + grown,
    )
    newest = f"from ink_samples order by sample_id desc limit {len(DRAWINGS)}"
    yield Answer(
        "How do drawings grow?",
        "Layer, channel or label, and the scores of the start and the end. Deeper layers draw "
        "parts of things.",
        "select layer, coalesce('channel ' || channel, label) as drawing,\n"
        "    round(start_score::numeric, 2) || ' to ' || round(score::numeric, 2) as score\n"
        + newest,
        page_column=f"animation {newest}",
        is_gallery=True,
    )


def _draw(arguments: dict[str, Any]) -> InkDrawing:
    with db.connect_to_load(autocommit=True) as conn:
        return run_deep_ink(conn, arguments)
