"""Wikipedia: articles of dumps or the API with infobox, categories and first image."""

from loaders.core.topics import Topic, deferred

VERSION = 4  # of what the loader stores; a change makes every source and page be loaded again

TOPIC = Topic(
    name="wikipedia",
    version=VERSION,
    commands=deferred("loaders.wikipedia.cli", "commands"),
    refresh=deferred("loaders.wikipedia.refresh", "refresh"),
    forget=deferred("loaders.wikipedia.forget", "forget_source"),
    demo=deferred("loaders.wikipedia.demo", "demo"),
    benchmark="benchmarks.wikipedia.cli",
)
