"""The demo: real sample data in, an answer of every system out, in the terminal and as a page.

A system adds its part as a function that fills tables and gives Answers, named in PARTS.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from PIL import Image, ImageDraw, ImageFont

from loaders.admin.demo_page import FOLDER, PAGE, PICTURE, Answer, section, show, write_page
from loaders.admin.migrate import migrate
from loaders.core import db
from loaders.core.console import say
from loaders.core.dumps.sources import tell
from loaders.core.errors import Problem
from loaders.core.server.cluster import embedded
from loaders.core.shipped import load_models
from loaders.icons.command import load as load_icons
from loaders.images.classifier import train as classifier
from loaders.images.forget import forget_picture
from loaders.images.sources import load_samples as load_photos
from loaders.images.train import train as train_images
from loaders.ink.train import train as train_ink
from loaders.songs import load as playlists
from loaders.songs import train as songs
from loaders.songs.word2vec import Settings
from loaders.wikidata.load import Options
from loaders.wikidata.sources import load_sample as load_wikidata_sample
from loaders.wikipedia.command import load_sample as load_wikipedia_sample

# One of five of its kind.
HELD_OUT = """
    select image.image_id, image.thumbnail
    from muse.image_sources as source join muse.images as image using (image_id)
    where source.class = 'dam' and source.location like '%/dam1.webp'
"""


def demo() -> None:
    """Set everything up on the embedded server, whatever PG* variables say, and show it."""
    for name in [name for name in os.environ if name.startswith("PG") and "PGMUSE" not in name]:
        del os.environ[name]
    say("starting the embedded server")
    embedded().up()
    migrate()
    sections = []
    with db.connect_to_load(autocommit=True) as conn:
        for part in PARTS:
            for answer in part(conn):
                show(answer)
                sections.append(section(conn, answer))
    write_page(sections)
    print(f"\nAll of it on one page: {PAGE}\nGo on in psql:         ./pgmuse psql")


def song_radio(conn: psycopg.Connection) -> Iterator[Answer]:
    """Charts and setlists, a song model, and what goes with a well-known song."""
    found = playlists.load_samples(conn)
    if not found:
        return
    new = any(loaded.playlists for loaded in found)
    live = conn.execute("select from muse.deployments where name = 'songs'").fetchone()
    if new or live is None:
        say("training the song model")
        songs.train(conn, Settings(epochs=100))  # of few playlists one can read more often
    yield Answer(
        "What goes with a song?",
        "The playlists are the weekly Hot 100 of 2000, so what goes together charted together. "
        "Similarity is a cosine; only its order says something.",
        "select * from similar_songs((select track_id from find_songs('say my name') limit 1))",
    )
    yield Answer(
        "A playlist from the middle of two songs",
        "Their vectors and their neighbours in playlists, blended; at most two of an artist.",
        "select place, name, artist from song_radio(array(\n"
        "    select track_id from find_songs('whitney houston', 2)), n => 8, per_artist => 2)",
    )


def wikidata(conn: psycopg.Connection) -> Iterator[Answer]:
    """Brands and flags of Wikidata, by what they are."""
    loaded = load_wikidata_sample(conn, Options())
    if loaded is None:
        return
    tell("Wikidata sample", loaded, "items")
    yield Answer(
        "What are the things in Wikidata?",
        "Brands, operators and networks that maps know, and flags; a category of the "
        "name-suggestion-index stands for the class.",
        "select properties ->> 'instance of' as thing, count(*) as c\n"
        "from wikidata group by thing order by c desc limit 8",
    )
    yield Answer(
        "The same, right",
        "The query above takes a shop that is two things for a third one; the view counts each.",
        "select class, items from classes order by items desc, class limit 8",
    )
    yield Answer(
        "All banks that were closed",
        "One function for the items of a class, one for the values of a property.",
        "select bank.title, closed.value as closed\n"
        "from instances_of('bank') as bank\n"
        "join claim_values('dissolved, abolished or demolished date') as closed\n"
        "    using (wikidata_id) order by 2 desc limit 5",
    )


def wikipedia(conn: psycopg.Connection) -> Iterator[Answer]:
    """A hundred articles, by their infobox and categories."""
    load_wikipedia_sample(conn, Options())
    yield Answer(
        "Writers who were born in 1905",
        "Of a hundred articles, which are the beginning of a dump of 2016. The image is the "
        "infobox's, else the first one in the text.",
        "select title, infobox, image from articles\n"
        "where infobox = 'writer' and categories @> array['1905 births']",
    )
    yield Answer(
        "What kinds of articles are there?",
        "An infobox says what an article is about; its name is kept without that word.",
        "select infobox, count(*) as articles, min(title) as for_example\n"
        "from articles where infobox is not null group by infobox order by 2 desc, 1 limit 5",
    )


def images(conn: psycopg.Connection) -> Iterator[Answer]:
    """Photos, a ported classifier, and two questions: a photo that is not stored, and no photo."""
    if not load_photos(conn):
        return
    say("porting the classifier")
    try:
        classifier.train(conn, 0)
    except Problem as error:
        say(f"reverse image search is skipped: {error}")
        return
    photo, words = FOLDER / "photo.jpg", FOLDER / "words.png"
    hold_out(conn, photo)
    write_words(words)
    say("looking at the photos")
    train_images(conn, 2)
    asked = f"from similar_images({PICTURE}, n => 5)"
    yield Answer(
        "What does this photo show?",
        "A photo that is not in the tables. Confidence is the probability that a match shows the "
        "same kind of thing.",
        f"select title, class, round(confidence::numeric, 2) as confidence\n{asked}",
        photo,
        "(select picture from pictures where pictures.image_id = found.image_id) "  # noqa: S608
        f"{asked} found",
    )
    yield Answer(
        "And what does this, which is no photo?",
        "A picture of some words. Nothing stored is like it, and the answer says so.",
        f"select title, class, round(confidence::numeric, 2) as confidence\n{asked}",
        words,
    )
    yield Answer(
        "What the classifier calls the photo",
        "One of ImageNet's thousand classes.",
        "select label, round(probability::numeric, 2) as probability\n"
        f"from classify_image({PICTURE}, n => 3)",
        photo,
    )


def icons(conn: psycopg.Connection) -> Iterator[Answer]:
    """Icon fonts and hieroglyphs, and what networks that learned from them draw."""
    for kind in ("icon", "hieroglyph"):
        load_icons(conn, kind, [], sample=True)
    for name, told in load_models(conn).items():
        say(f"{name}: {told}")
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


def ink(conn: psycopg.Connection) -> Iterator[Answer]:
    """A blob of ink that grows under a network's gradient."""
    try:
        say("exporting a layer's gradient")
        train_ink(conn, ("block2",))
    except Problem as error:
        say(f"Deep Ink is skipped: {error}")
        return
    grown = "from deep_ink('block2', channel => 3, steps => 100, every => 20)"
    yield Answer(
        "What does a network draw when it may only spill ink?",
        "At every step the pixels at the ink's border are flipped whose flip promises most; the "
        "score, a channel's mean activation, never falls.",
        f"select step, round(score::numeric, 3) as score, flipped, ink\n{grown}",
        on_page="'data:image/png;base64,' || encode(picture, 'base64') " + grown,
    )


PARTS: tuple[Callable[[psycopg.Connection], Iterator[Answer]], ...] = (
    song_radio,
    wikidata,
    wikipedia,
    images,
    icons,
    ink,
)


def hold_out(conn: psycopg.Connection, path: Path) -> None:
    """Take one photo out of the tables into a file, where that is not done yet."""
    row = conn.execute(HELD_OUT).fetchone()
    if row is not None:
        image_id, content = row
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        forget_picture(conn, image_id)


def write_words(path: Path) -> None:
    """A picture of black words on white."""
    image = Image.new("RGB", (480, 320), "white")
    pen = ImageDraw.Draw(image)
    for line in range(8):
        words = "select * from nothing where nothing fits;"
        pen.text((20, 20 + 36 * line), words, fill="black", font=ImageFont.load_default(22))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
