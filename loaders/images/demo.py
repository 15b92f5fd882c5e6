"""Image search's part of the demo: load photos, port the classifier, search for three pictures."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
from PIL import Image, ImageDraw, ImageFont

from loaders.core.config import DEMO_FOLDER
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.topics import PICTURE, Answer
from loaders.images.classifier.train import train as train_classifier
from loaders.images.decoding import prepare
from loaders.images.forget import forget_picture
from loaders.images.load import load_samples
from loaders.images.samples import packages
from loaders.images.store import QUERIES
from loaders.images.train import train as train_images


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Load photos, port the classifier, and search for two photos and for a drawing."""
    if not load_samples(conn):
        return
    say("porting the classifier")
    try:
        train_classifier(conn, 0)
    except Problem as error:
        say(f"reverse image search is skipped: {error}")
        return
    cat, photo, words = (DEMO_FOLDER / name for name in ("cat.jpg", "photo.jpg", "words.png"))
    DEMO_FOLDER.mkdir(parents=True, exist_ok=True)
    hold_out(conn, photo)
    write_words(words)
    say("embedding the photos")
    train_images(conn, 2)
    query = f"from similar_images({PICTURE}, n => 5)"
    drawn = (
        "(select picture from pictures where pictures.image_id = match.image_id) "  # noqa: S608
        f"{query} match"
    )
    if (original := packages.cat()) is not None:
        cat.write_bytes(prepare(original.read_bytes()).thumbnail)
        yield Answer(
            "Which stored photos are like this cat?",
            "A photo that is not in the tables. Confidence is the probability that a match shows "
            "the same kind of thing.",
            f"select title, class, round(confidence::numeric, 2) as confidence\n{query}",
            cat,
            drawn,
        )
        yield Answer(
            "What is it?",
            "The classes of the ten most similar photos, and how many of these each has.",
            "select class, round(confidence::numeric, 2) as confidence, pictures\n"
            f"from similar_classes({PICTURE}) limit 5",
            cat,
        )
    yield Answer(
        "What does this photo show?",
        "Another photo that is not in the tables.",
        f"select title, class, round(confidence::numeric, 2) as confidence\n{query}",
        photo,
        drawn,
    )
    yield Answer(
        "What does this picture show, which is no photo?",
        "A picture of some words. No stored picture is similar, so the confidence is low.",
        f"select title, class, round(confidence::numeric, 2) as confidence\n{query}",
        words,
    )
    yield Answer(
        "How does the classifier label the photo?",
        "The labels are the 1,000 classes of ImageNet.",
        "select label, round(probability::numeric, 2) as probability\n"
        f"from classify_image({PICTURE}, n => 3)",
        photo,
    )


def hold_out(conn: psycopg.Connection, path: Path) -> None:
    """Write one photo to a file and delete it from the tables, unless that is done already."""
    row = conn.execute(QUERIES.select_held_out).fetchone()
    if row is not None:
        image_id, content = row
        path.write_bytes(content)
        forget_picture(conn, image_id)


def write_words(path: Path) -> None:
    """Write a picture of black text on white."""
    image = Image.new("RGB", (480, 320), "white")
    pen = ImageDraw.Draw(image)
    for line in range(8):
        words = "select * from nothing where nothing fits;"
        pen.text((20, 20 + 36 * line), words, fill="black", font=ImageFont.load_default(22))
    image.save(path)
