"""Deep Ink's part of the demo."""

from collections.abc import Iterator

import psycopg

from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.topics import Answer
from loaders.ink.train import train


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Export one layer's gradient, and draw with it."""
    try:
        say("exporting a layer's gradient")
        train(conn, ("block2",))
    except Problem as error:
        say(f"Deep Ink is skipped: {error}")
        return
    grown = "from deep_ink('block2', channel => 3, steps => 100, every => 20)"
    yield Answer(
        "What does a network draw when it may only spill ink?",
        "At every step the pixels at the ink's border are flipped whose flip promises most; the "
        "score, a channel's mean activation, never falls.",
        f"select step, round(score::numeric, 3) as score, flipped, ink\n{grown}",
        page_column="'data:image/png;base64,' || encode(picture, 'base64') " + grown,
    )
