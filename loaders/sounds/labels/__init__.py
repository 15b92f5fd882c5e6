"""Labels of songs, such as genres: loaded from files, and classifiers that are trained on them."""

import re
from pathlib import Path

from loaders.core.errors import Problem
from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
KIND = re.compile(r"[a-z][a-z0-9_]{0,30}")
OPTION = "labels"  # of a stored source: the kinds of its labels
# Kinds whose labels the database has without a file of labels.
STORED = {"artist": "artists of tracks", "folder": "folders of sound files"}


def check_kind(kind: str) -> None:
    """Check the name of a kind of labels. Errors: Problem."""
    if not KIND.fullmatch(kind):
        raise Problem(f"--kind {kind}: use at most 31 small letters, digits and _, such as genre")
