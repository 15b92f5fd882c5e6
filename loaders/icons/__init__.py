"""Icons and hieroglyphs: bitmaps from fonts and pictures, and networks that draw new ones."""

from pathlib import Path

from loaders.core.topics import ModelName, Topic, deferred

SHIPPED = Path(__file__).with_name("shipped")  # LiteRT files and their cards

TOPIC = Topic(
    name="icons",
    commands=deferred("loaders.icons.cli", "commands"),
    refresh=deferred("loaders.icons.refresh", "refresh"),
    samples=("icon", "hieroglyph"),
    forget=deferred("loaders.icons.forget", "forget_source"),
    models=tuple(
        ModelName(name, "run: ./pgmuse load models", SHIPPED / f"{name}.tflite")
        for name in ("icons_8", "icons_32", "hieroglyphs_8", "hieroglyphs_32")
    ),
    demo=deferred("loaders.icons.demo", "demo"),
    benchmark="benchmarks.icons.cli",
)
