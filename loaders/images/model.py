"""A picture as it was found, before anything is decoded."""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
NUMBERED = re.compile(r"(?<=[a-z]{2})[\s_-]*(?:\d+|\(\d+\))$")  # not what a camera counts
LONGEST_NAME = 300


class About(NamedTuple):
    """What is known of a picture. `class_name`: what kind of thing it shows."""

    title: str | None = None
    class_name: str | None = None
    wikidata_id: str | None = None
    article: str | None = None
    page_url: str | None = None
    licence: str | None = None
    licence_url: str | None = None
    author: str | None = None


class Picture(NamedTuple):
    """The bytes of a file, and where in its source it was found."""

    location: str
    content: bytes
    about: About


def title_of(name: str) -> str:
    """A file's name for a person: `tajMahal2.webp` is `taj Mahal`; what a camera counts stays."""
    return spaced(NUMBERED.sub("", PurePosixPath(name).stem))


def spaced(name: str) -> str:
    """Words apart, where a name has underscores, hyphens or capitals instead of spaces."""
    words = CAMEL.sub(" ", name).replace("_", " ").replace("-", " ").split()
    return " ".join(words)[:LONGEST_NAME] or name[:LONGEST_NAME]
