"""Commands of sounds."""

from pathlib import Path
from typing import Annotated

import typer

from loaders.core import db, options
from loaders.core.cli import finish
from loaders.core.console import say
from loaders.core.pruning import MAX_PRUNE
from loaders.core.topics import Commands


def commands() -> Commands:
    """The commands of this topic, by verb and name."""
    return Commands(
        load={"audio": load, "labels": load_labels},
        train={"tagger": train_tagger, "sounds": train_sounds, "labels": train_labels},
        forget={"sound": forget_sound},
    )


def load(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Folders with their subfolders, and files: WAV, FLAC, Ogg, Opus, MP3."),
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Load the music of the sample package.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete sounds whose file is no longer in the source.")
    ] = False,
    max_prune: options.MaxPrune = MAX_PRUNE,
    again: Annotated[bool, typer.Option("--again", help="Read unchanged files too.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that decode and listen.")] = 2,
) -> None:
    """Load sound files: what they sound like, their tags, and their tracks.

    The tagger hears ten pieces of each file; the audio itself is not stored. A file's track is
    that of playlists with the same artist and title.

    ./pgmuse load audio ~/Music
    """
    from loaders.sounds.load import load_all
    from loaders.sounds.options import SoundOptions

    request = SoundOptions(
        sources=tuple(sources or ()),
        sample=sample,
        prune=prune,
        max_prune=max_prune,
        again=again,
        workers=workers,
    )
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        finish(load_all(conn, request))


def train_tagger(
    dataset: Annotated[
        str,
        typer.Option(
            help="mtt (tags such as guitar, slow, opera) or msd (tags such as rock, 80s, happy)."
        ),
    ] = "mtt",
) -> None:
    """Port the tagger of music from the installed weights and deploy it."""
    from loaders.sounds.tagger.train import train

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        model = train(conn, dataset)
    state = "is live" if model.is_new else "was live already"
    say(f"model {model.model_id} {state}")
    say(
        f"its embeddings have a cosine of {model.metrics['cosine_to_original']} to those of the "
        f"original; published ROC-AUC of its tags: {model.metrics['published_roc_auc']}"
    )


def train_sounds(
    force: Annotated[
        bool, typer.Option("--force", help="Deploy it even if another tagger's model is better.")
    ] = False,
) -> None:
    """Make vectors of the loaded sounds, and measure whether similar ones are of one artist."""
    from loaders.sounds.train import describe, train

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        for line in describe(train(conn, force=force)):
            say(line)


def load_labels(
    file: Annotated[
        Path,
        typer.Argument(help="CSV or TSV: artist and title, or track_id; and label."),
    ],
    kind: Annotated[str, typer.Option(help="What the labels are, such as genre or decade.")],
    again: options.Again = False,
) -> None:
    """Load labels of tracks that are stored, such as genres; train labels learns them.

    Tracks are named as in tables of playlists. The file replaces the labels that it had before.

    ./pgmuse load labels genres.csv --kind genre
    """
    from loaders.sounds.labels.load import load as load_file

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        finish([load_file(conn, file, kind, again=again)])


def train_labels(
    kind: Annotated[
        str,
        typer.Option(help="artist, folder (of sound files), or a kind of load labels."),
    ],
    min_songs: Annotated[int, typer.Option(min=5, help="Leave out labels with fewer songs.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Chooses the songs that are held out.")] = 0,
) -> None:
    """Learn to tell labels of songs, such as artists, from playlists and sound.

    It goes live only where it tells held-out songs better than the labels' frequencies do.

    ./pgmuse train labels --kind artist
    """
    from loaders.sounds.labels.train import describe, train

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        for line in describe(train(conn, kind, min_songs, seed)):
            say(line)


def forget_sound(sound_id: Annotated[int, typer.Argument(help="As in sound_files.")]) -> None:
    """Delete a sound with all its files."""
    from loaders.sounds.forget import forget_sound as forget

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        forget(conn, sound_id)
    say(f"deleted sound {sound_id}")
