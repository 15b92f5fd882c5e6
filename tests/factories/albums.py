"""A database with the classifier and pictures of four kinds."""

from loaders.images.classifier import train as classifier
from tests.factories.pictures import add_picture, shape
from tests.factories.rows import add_model

KINDS = ("ring", "bar", "dots", "peak")


def add_classifier(conn, flatbuffer) -> None:
    add_model(conn, "classifier", flatbuffer, size=224, labels=classifier.read_labels())


def add_album(conn) -> None:
    """Six drawings of each of four kinds."""
    for kind in KINDS:
        for number in range(6):
            page = f"https://example.org/{kind}{number}"
            add_picture(
                conn, shape(kind, number), f"{kind} {number}", kind,
                page_url=page, licence="CC0", author="Ann",
            )  # fmt: skip
