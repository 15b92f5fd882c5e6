"""Song radio: loads playlists, trains song vectors on them, and draws playlists."""

from loaders.core.topics import ModelName, Topic, deferred

TOPIC = Topic(
    name="songs",
    aliases=("playlists",),
    version=2,  # other identities of tracks: without artists, with symbols, private addresses
    commands=deferred("loaders.songs.cli", "commands"),
    refresh=deferred("loaders.songs.refresh", "refresh"),
    outdated=deferred("loaders.songs.refresh", "outdated"),
    retrain=deferred("loaders.songs.refresh", "retrain"),
    samples=("radio",),
    forget=deferred("loaders.songs.forget", "forget_source"),
    models=(
        ModelName("songs", "run: ./pgmuse train songs"),
        ModelName("artists", "run: ./pgmuse train artists"),
    ),
    demo=deferred("loaders.songs.demo", "demo"),
    benchmark="benchmarks.songs.cli",
    more_benchmarks={
        "artists": "benchmarks.songs.artists_cli",
        "spotify": "benchmarks.songs.spotify_cli",
    },
)
