"""Deep Ink: gradients exported from the classifier, and drawings made with them."""

from loaders.core.topics import ModelName, Topic, deferred

TOPIC = Topic(
    name="ink",
    commands=deferred("loaders.ink.cli", "commands"),
    models=(ModelName("ink", "run: ./pgmuse train ink"),),
    demo=deferred("loaders.ink.demo", "demo"),
    benchmark="benchmarks.ink.cli",
)
