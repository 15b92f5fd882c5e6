"""Reverse image search's part of the demo: photos, a classifier, and two pictures to look up."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
from PIL import Image, ImageDraw, ImageFont

from loaders.core.config import DEMO_FOLDER
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.topics import PICTURE, Answer
from loaders.images.classifier.train import train as train_classifier
from loaders.images.forget import forget_picture
from loaders.images.load import load_samples
from loaders.images.train import train as train_images

# One of five of its kind.
HELD_OUT = """
    select image.image_id, image.thumbnail
    from muse.image_sources as source join muse.images as image using (image_id)
    where source.class = 'dam' and source.location like '%/dam1.webp'
"""


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Load photos, port the classifier, and look up a photo that is not stored, and no photo."""
    if not load_samples(conn):
        return
    say("porting the classifier")
    try:
        train_classifier(conn, 0)
    except Problem as error:
        say(f"reverse image search is skipped: {error}")
        return
    photo, words = DEMO_FOLDER / "photo.jpg", DEMO_FOLDER / "words.png"
    hold_out(conn, photo)
    write_words(words)
    say("embedding the photos")
    train_images(conn, 2)
    query = f"from similar_images({PICTURE}, n => 5)"
    yield Answer(
        "What does this photo show?",
        "A photo that is not in the tables. Confidence is the probability that a match shows the "
        "same kind of thing.",
        f"select title, class, round(confidence::numeric, 2) as confidence\n{query}",
        photo,
        "(select picture from pictures where pictures.image_id = found.image_id) "  # noqa: S608
        f"{query} found",
    )
    yield Answer(
        "And what does this, which is no photo?",
        "A picture of some words. Nothing stored is like it, and the answer says so.",
        f"select title, class, round(confidence::numeric, 2) as confidence\n{query}",
        words,
    )
    yield Answer(
        "What the classifier calls the photo",
        "One of ImageNet's thousand classes.",
        "select label, round(probability::numeric, 2) as probability\n"
        f"from classify_image({PICTURE}, n => 3)",
        photo,
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
