"""Fit the shipped calibration to Tux Paint's photos, which no other benchmark uses as queries.

apt-get install tuxpaint-stamps-default
.venv/bin/python -m benchmarks.images.calibration > loaders/images/search/calibration.json
"""

import json

from benchmarks.core.running import fresh_server
from loaders.core.db import connect_to_muse
from loaders.core.errors import Problem
from loaders.images import train
from loaders.images.classifier import train as classifier
from loaders.images.load import load_source
from loaders.images.options import ImageOptions
from loaders.images.search import confidence
from loaders.images.sources import sample_source


def main() -> None:
    """Print the calibration as JSON."""
    source = sample_source("tuxpaint")
    if source is None:
        raise Problem("Tux Paint's photos are missing: apt-get install tuxpaint-stamps-default")
    with fresh_server(), connect_to_muse(autocommit=True) as conn:
        model_id = classifier.train(conn, 0).model_id
        load_source(conn, source, ImageOptions())
        train.train(conn, 2)
        labelled = train.select_labelled(conn, model_id)
    calibration = {"data": "photos of Tux Paint, by their folders"}
    calibration |= train.fit_calibration(labelled, confidence.build_pairs(labelled), None)
    print(json.dumps(calibration, indent=2))


if __name__ == "__main__":
    main()
