"""A picture as it is in its source, before it is decoded."""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
NUMBERED = re.compile(r"(?<=[a-z]{2})[\s_-]*(?:\d+|\(\d+\))$")  # not a camera's IMG_0001
LONGEST_NAME = 300


class PictureMetadata(NamedTuple):
    """Metadata of a picture. class_name: the kind of thing that it shows. wiki: of the article."""

    title: str | None = None
    class_name: str | None = None
    wikidata_id: str | None = None
    article: str | None = None
    page_url: str | None = None
    licence: str | None = None
    licence_url: str | None = None
    author: str | None = None
    wiki: str | None = None


class PictureFile(NamedTuple):
    """A picture's file. location: its path in the source. content: its bytes."""

    location: str
    content: bytes
    metadata: PictureMetadata


def title_of(name: str) -> str:
    """A title from a file name: `tajMahal2.webp` becomes `taj Mahal`; IMG_0001 keeps its number."""
    return spaced(NUMBERED.sub("", PurePosixPath(name).stem))


def spaced(name: str) -> str:
    """Replace underscores, hyphens and capitals within words by spaces."""
    words = CAMEL.sub(" ", name).replace("_", " ").replace("-", " ").split()
    return " ".join(words)[:LONGEST_NAME] or name[:LONGEST_NAME]
