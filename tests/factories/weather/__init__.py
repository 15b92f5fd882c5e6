"""A topic of one small package: temperatures in files of lines, kept as samples."""

from loaders.core.topics import ModelName, Topic, deferred

TOPIC = Topic(
    name="weather",
    aliases=("temperatures",),
    commands=deferred("tests.factories.weather.weather", "commands"),
    refresh=deferred("tests.factories.weather.weather", "refresh"),
    outdated=deferred("tests.factories.weather.weather", "outdated"),
    retrain=deferred("tests.factories.weather.weather", "retrain"),
    forget=deferred("tests.factories.weather.weather", "forget"),
    demo=deferred("tests.factories.weather.weather", "demo"),
    checks=deferred("tests.factories.weather.weather", "checks"),
    models=(ModelName("weather", "run: ./pgmuse train weather"),),
)
