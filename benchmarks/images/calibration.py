"""Fit the shipped calibration to the photos of the sample packages.

.venv/bin/python -m benchmarks.images.calibration > loaders/images/search/calibration.json
"""

import json

from benchmarks.core.running import fresh_server
from benchmarks.images import situations, strange
from benchmarks.images.bench import load_samples
from benchmarks.images.databases import fit_all
from loaders.core.db import connect_to_muse
from loaders.images.classifier import train as classifier


def main() -> None:
    """Print the calibration as JSON."""
    with fresh_server(), connect_to_muse(autocommit=True) as conn:
        classifier.train(conn, 0)
        load_samples(conn)
        packages, nothing = situations.read(conn), strange.read(conn)
        measured = {row.name: round(row.value, 3) for row in situations.rows(conn)}
    fitted, pairs = fit_all(list(packages.values()), nothing)
    calibration = {
        "data": "photos of GCompris, Tux Paint and foolbox, and drawn pictures that show no thing",
        **fitted.as_dict(),
        "pictures": sum(len(kinds[0].classes) for kinds in packages.values()),
        "pairs": len(pairs.same),
        "positive_pairs": pairs.positive,
        "held_out_classes": measured,
    }
    print(json.dumps(calibration, indent=2))


if __name__ == "__main__":
    main()
