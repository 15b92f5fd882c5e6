"""Icons and hieroglyphs: bitmaps from fonts and pictures, and networks that draw new ones."""

from pathlib import Path

from loaders.core.topics import ModelName, Topic, deferred

SHIPPED = Path(__file__).with_name("shipped")  # LiteRT files and their cards

TOPIC = Topic(
    name="icons",
    version=3,  # other bitmaps: no spurs at corners, no nubs at poles of circles
    commands=deferred("loaders.icons.cli", "commands"),
    refresh=deferred("loaders.icons.refresh", "refresh"),
    samples=("icon", "hieroglyph"),
    forget=deferred("loaders.icons.forget", "forget_source"),
    models=tuple(
        ModelName(name, "run: ./pgmuse load models", SHIPPED / f"{name}.tflite")
        for name in (
            "icons_8",
            "icons_32",
            "icons_32_judge",
            "hieroglyphs_8",
            "hieroglyphs_32",
            "hieroglyphs_32_judge",
            "icon_words",
        )
    ),
    ships=deferred("loaders.icons.grids.shipped", "load"),
    demo=deferred("loaders.icons.demo", "demo"),
    benchmark="benchmarks.icons.cli",
)
