"""Wikipedia: articles of a dump with infobox, categories and first image."""

from loaders.core.topics import Topic, deferred

TOPIC = Topic(
    name="wikipedia",
    commands=deferred("loaders.wikipedia.cli", "commands"),
    refresh=deferred("loaders.wikipedia.refresh", "refresh"),
    forget=deferred("loaders.wikipedia.forget", "forget_source"),
    demo=deferred("loaders.wikipedia.demo", "demo"),
    benchmark="benchmarks.wikipedia.cli",
)
