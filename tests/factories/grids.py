"""A classifier in halves for the search over grids."""

from functools import cache
from typing import NamedTuple

from loaders.icons.grids.halves import cut
from loaders.images.classifier.efficientnet import export
from tests.factories import classifiers
from tests.factories.exports import exported
from tests.factories.rows import add_model
from udfs import grids


class Exports(NamedTuple):
    """Flatbuffers of a classifier and of its halves, and the side of its input."""

    size: int
    classifier: bytes
    early: bytes
    late: bytes


def in_halves(name, build, size, classifier):
    @cache
    def halves():
        return cut(build())

    early = exported(f"{name}-early", lambda: halves()[0])
    return Exports(size, classifier, early, exported(f"{name}-late", lambda: halves()[1]))


def small_in_halves() -> Exports:
    """The small classifier, in halves."""
    classifier = exported("small", lambda: export(classifiers.small()))
    return in_halves("small", classifiers.small, classifiers.SMALL, classifier)


def add_halves(conn, exports, labels, network="a"):
    """A live classifier and its halves."""
    config = {"size": exports.size, "labels": labels, "network": network}
    model_id = add_model(conn, "classifier", exports.classifier, **config)
    add_model(conn, grids.EARLY, exports.early, classifier=model_id, **config)
    add_model(conn, grids.LATE, exports.late, classifier=model_id, **config)
