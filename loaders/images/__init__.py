"""Reverse image search: pictures, a classifier, embeddings, and the confidence of a match."""

from loaders.core.topics import ModelName, Topic, deferred

VERSION = 2  # of what is stored: the decoder of pictures, and their titles

TOPIC = Topic(
    name="images",
    version=VERSION,
    commands=deferred("loaders.images.cli", "commands"),
    refresh=deferred("loaders.images.refresh", "refresh"),
    outdated=deferred("loaders.images.refresh", "outdated"),
    retrain=deferred("loaders.images.refresh", "retrain"),
    forget=deferred("loaders.images.forget", "forget_source"),
    checks=deferred("loaders.images.checks", "checks"),
    models=(
        ModelName("classifier", "run: ./pgmuse train classifier"),
        ModelName("images", "run: ./pgmuse train images"),
    ),
    reads=deferred("loaders.images.checks", "reads"),
    search=deferred("loaders.images.search.command", "search"),
    demo=deferred("loaders.images.demo", "demo"),
    benchmark="benchmarks.images.cli",
)
