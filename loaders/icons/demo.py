"""The part of icons and hieroglyphs in the demo."""

from collections.abc import Iterator

import psycopg

from loaders.core.console import say
from loaders.core.shipped import load_models
from loaders.core.topics import Answer
from loaders.icons import TOPIC
from loaders.icons.load import IconOptions, load_all


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Load icon fonts and hieroglyphs, and draw with the networks that ship."""
    for kind in ("icon", "hieroglyph"):
        load_all(conn, IconOptions(kind=kind, sample=True))
    for name, outcome in load_models(conn, TOPIC.models).items():
        say(f"{name}: {outcome}")
    yield Answer(
        "A hieroglyph and what it means",
        "Signs have their Gardiner codes; a bitmap draws itself in half blocks or in braille.",
        "select code, meaning, icon_text(bitmap, 'braille') as sign\n"
        "from hieroglyphs where code in ('A1', 'G5', 'N5') order by code",
    )
    yield Answer(
        "Which icons look like a lock?",
        "Distance counts the pixels that differ, of 1,024.",
        "select icon_set, name, distance from similar_icons((\n"
        "    select bitmap from icons where name = 'lock' and size = 32 order by icon_id limit 1\n"
        "), n => 5)",
    )
    yield Answer(
        "Two icons that nobody drew",
        "A network of 40,000 weights reads and writes scanlines. nll is what the icon costs it, in "
        "bits a pixel; copy_of would name an icon that it had merely learned by heart.",
        "select i, icon_text(bitmap, 'braille') as icon, nll, copy_of\n"
        "from generate_icons('icons_32', n => 2, seed => 5)",
    )
    yield Answer(
        "Three hundred of them",
        "Each in a colour of its own.",
        "select icon_poster(array(\n"
        "    select bitmap from generate_icons('icons_32', n => 300, temperature => 0.9)\n"
        ")) as poster",
        is_picture=True,
    )
    yield Answer(
        "A wall of signs that no scribe knows",
        "Hieroglyphs of a network, set in columns; what they enclose is gilded.",
        "select hieroglyph_stela(array(\n"
        "    select bitmap from generate_icons('hieroglyphs_32', n => 400, temperature => 0.9)\n"
        ")) as stela",
        is_picture=True,
    )
