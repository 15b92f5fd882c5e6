"""The demo's part on icons and hieroglyphs."""

from collections.abc import Iterator

import psycopg

from loaders.core.console import say
from loaders.core.shipped import load_models
from loaders.core.topics import Answer
from loaders.icons import TOPIC
from loaders.icons.grids.shipped import load as load_grids
from loaders.icons.load import IconOptions, load_all


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Load icon fonts and hieroglyphs, and draw with the shipped networks."""
    for kind in ("icon", "hieroglyph"):
        load_all(conn, IconOptions(kind=kind, sample=True))
    for name, outcome in (load_models(conn, TOPIC.models) | load_grids(conn)).items():
        say(f"{name}: {outcome}")
    conn.execute("select muse.draw_icon_samples(96), muse.draw_hieroglyph_samples(24)")
    yield Answer(
        "Hieroglyphs and their meanings",
        "Signs have Gardiner codes; icon_text draws a bitmap in half blocks or in braille.",
        "select code, meaning, icon_text(bitmap, 'braille') as sign\n"
        "from hieroglyphs where code in ('A1', 'G5', 'N5') order by code",
    )
    yield Answer(
        "Which icons look like a lock?",
        "Distance is the number of ink pixels of one that are not beside ink of the other.",
        "select icon_set, name, distance from similar_icons((\n"
        "    select bitmap from icons where name = 'lock' and size = 32 order by icon_id limit 1\n"
        "), n => 5)",
    )
    yield Answer(
        "Two new icons of what the words say",
        "A network draws line after line. Of six candidates each the one is taken that its judge "
        "finds most like a real icon: score. copy_of would be the id of an identical icon.",
        "select icon_text(bitmap, 'braille') as icon, score, copy_of\n"
        "from generate_icons(\n"
        "    'icons_32', n => 2, seed => 5, words => 'calendar check', style => 'outline', "
        "best_of => 6\n"
        ")",
    )
    yield Answer(
        "A poster of three hundred new icons",
        "Each has a random colour.",
        "select icon_poster(array(\n"
        "    select bitmap from generate_icons('icons_32', n => 300, best_of => 4)\n"
        ")) as poster",
        is_picture=True,
    )
    yield Answer(
        "A hundred and fifty new icons of 8 x 8 pixels",
        "Drawn as the positions of their ink.",
        "select icon_poster(array(\n"
        "    select bitmap from generate_icons('icons_8', n => 150)\n"
        "), columns => 15) as poster",
        is_picture=True,
    )
    yield Answer(
        "What the drawn icons show",
        "By a network that learned the names of real icons; the best of each word, with its "
        "probability.",
        "select labelled_sheet('icons', min_score => 0) as sheet",
        is_picture=True,
    )
    yield Answer(
        "What is the best drawing in 4 x 4 pixels, black or white?",
        "Three classifiers of photos have seen all 65,536; the likeliest grid of each label.",
        "select labelled_sheet('grid4', min_score => 0.1) as sheet",
        is_picture=True,
    )
    yield Answer(
        "And in 5 x 5 pixels?",
        "One classifier has seen all 33,554,432.",
        "select labelled_sheet('grid5', min_score => 0.05) as sheet",
        is_picture=True,
    )
    yield Answer(
        "A stela of new hieroglyphs",
        "Hieroglyphs drawn by a network, in columns; enclosed areas are gold.",
        "select hieroglyph_stela(array(\n"
        "    select bitmap from generate_icons('hieroglyphs_32', n => 400)\n"
        ")) as stela",
        is_picture=True,
    )
