"""Deep Ink's part of the demo."""

from collections.abc import Iterator

import psycopg

from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.topics import Answer
from loaders.ink.train import train


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Export the gradients of all layers, and draw with one."""
    try:
        say("exporting the gradients of the classifier's layers")
        train(conn)
    except Problem as error:
        say(f"Deep Ink is skipped: {error}")
        return
    conn.execute("select muse.draw_ink_samples(2)")
    grown = "from deep_ink('block2', channel => 3, steps => 100, every => 20)"
    yield Answer(
        "What does a network draw in black and white?",
        "Each step flips the pixels at the border of the ink that raise the score most, by the "
        "gradient. The score is the mean activation of a channel; it never falls.",
        f"select step, round(score::numeric, 3) as score, flipped, ink\n{grown}",
        page_column="'data:image/png;base64,' || encode(picture, 'base64') " + grown,
    )
