"""Deep Ink: exports gradients of the classifier, and draws pictures with them."""

from loaders.core.topics import ModelName, Topic, deferred

TOPIC = Topic(
    name="ink",
    commands=deferred("loaders.ink.cli", "commands"),
    samples=("ink",),
    models=(ModelName("ink", "run: ./pgmuse train ink"),),
    demo=deferred("loaders.ink.demo", "demo"),
    benchmark="benchmarks.ink.cli",
)
