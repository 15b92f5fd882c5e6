"""Sound: what music sounds like, by a tagger's embeddings of sound files."""

from loaders.core.topics import ModelName, Topic, deferred

VERSION = 2  # of what is stored: the patches of sounds, and the names of their tracks

TOPIC = Topic(
    name="sounds",
    aliases=("audio",),
    version=VERSION,
    commands=deferred("loaders.sounds.cli", "commands"),
    refresh=deferred("loaders.sounds.refresh", "refresh"),
    outdated=deferred("loaders.sounds.refresh", "outdated"),
    retrain=deferred("loaders.sounds.refresh", "retrain"),
    forget=deferred("loaders.sounds.forget", "forget_source"),
    reads=deferred("loaders.sounds.listening", "is_sound"),
    search=deferred("loaders.sounds.search", "search"),
    demo=deferred("loaders.sounds.demo", "demo"),
    models=(
        ModelName("tagger", "run: ./pgmuse train tagger"),
        ModelName("sounds", "run: ./pgmuse train sounds"),
        ModelName("labels", "run: ./pgmuse train labels --kind artist"),
    ),
    benchmark="benchmarks.sounds.cli",
)
