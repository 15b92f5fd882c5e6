"""Wikidata: entities of a dump or of the API as items, labels and classes."""

from loaders.core.topics import Topic, deferred

VERSION = 5  # of what the loader stores; a change makes every source and item be loaded again

TOPIC = Topic(
    name="wikidata",
    version=VERSION,
    commands=deferred("loaders.wikidata.cli", "commands"),
    refresh=deferred("loaders.wikidata.refresh", "refresh"),
    outdated=deferred("loaders.wikidata.tables", "outdated"),
    retrain=deferred("loaders.wikidata.tables", "refresh_outdated"),
    forget=deferred("loaders.wikidata.forget", "forget_source"),
    demo=deferred("loaders.wikidata.demo", "demo"),
    benchmark="benchmarks.wikidata.cli",
)
