"""Commands of the song radio."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loaders.core import db, options
from loaders.core.cli import finish, report_deleted
from loaders.core.console import say
from loaders.core.topics import Commands

if TYPE_CHECKING:
    from loaders.songs.train import PlaylistFilter, Subject
    from loaders.songs.word2vec import Word2VecSettings

Epochs = Annotated[int, typer.Option(min=1, help="Passes over the playlists.")]
Window = Annotated[
    int, typer.Option(min=1, help="Maximum distance between items of a training pair.")
]
MinCount = Annotated[int, typer.Option(min=1, help="Leave out items with fewer places.")]
Shortest = Annotated[int, typer.Option(min=1, help="Leave out shorter playlists.")]
Longest = Annotated[int, typer.Option(min=1, help="Leave out longer playlists.")]
ArtistShare = Annotated[
    float, typer.Option(min=0, max=1, help="Leave out playlists with more of one artist.")
]
HeldOut = Annotated[
    float, typer.Option(min=0, max=1, help="Share of playlists to measure quality on.")
]
Seed = Annotated[
    int, typer.Option(min=0, help="Random seed; with 1 worker it determines the model.")
]
Workers = Annotated[int, typer.Option(min=1, help="Threads.")]
Owner = Annotated[str, typer.Argument(help="As in the table playlists.")]


def commands() -> Commands:
    """The commands of this topic, by verb and name."""
    return Commands(
        load={"playlists": load, "songs": load},
        train={"songs": train, "artists": train_artists},
        draw={"radio": draw_radio},
        forget={"playlist": forget_playlist, "owner": forget_owner},
    )


def load(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files, also .gz, .bz2 or .zip; - is standard input.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="mpd, jspf, xspf, m3u or table; detected from content by default."),
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Load the playlists of the sample packages.")
    ] = False,
    again: options.Again = False,
    workers: Annotated[int, typer.Option(min=1, help="Files to load in parallel.")] = 2,
) -> None:
    """Load playlists: Million Playlist slices, JSPF, XSPF, M3U, CSV and TSV.

    Each file is loaded in one transaction. Loading it again changes nothing. An unreadable
    file does not stop the others.

    ./pgmuse load playlists mpd.slice.*.json mixtape.m3u8
    """
    from loaders.songs.load import SongOptions, load_all

    if not files and not sample:
        raise typer.BadParameter("name a file, or --sample")
    request = SongOptions(
        files=tuple(files or ()), format=format, sample=sample, again=again, workers=workers
    )
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        finish(load_all(conn, request))


def train(
    epochs: Epochs = 20,
    window: Window = 20,
    min_count: MinCount = 1,
    shortest: Shortest = 1,
    longest: Longest = 119,
    artist_share: ArtistShare = 0.5,
    held_out: HeldOut = 0.1,
    seed: Seed = 0,
    workers: Workers = 1,
) -> None:
    """Train the song model on all playlists and deploy it, without blocking queries."""
    from loaders.songs.train import SONGS, PlaylistFilter
    from loaders.songs.word2vec import Word2VecSettings

    settings = Word2VecSettings(
        epochs=epochs, window=window, min_count=min_count, seed=seed, workers=workers
    )
    filter = PlaylistFilter(shortest, longest, artist_share, held_out)
    _train(settings, filter, SONGS, "song")


def train_artists(
    epochs: Epochs = 20,
    window: Window = 20,
    min_count: MinCount = 1,
    shortest: Shortest = 1,
    longest: Longest = 119,
    artist_share: ArtistShare = 0.5,
    held_out: HeldOut = 0.1,
    seed: Seed = 0,
    workers: Workers = 1,
) -> None:
    """Train the artist model on all playlists and deploy it, without blocking queries."""
    from loaders.songs.artists import ARTISTS
    from loaders.songs.train import PlaylistFilter
    from loaders.songs.word2vec import ARTIST_SETTINGS

    settings = replace(
        ARTIST_SETTINGS,
        epochs=epochs, window=window, min_count=min_count, seed=seed, workers=workers,
    )  # fmt: skip
    filter = PlaylistFilter(shortest, longest, artist_share, held_out)
    _train(settings, filter, ARTISTS, "artist")


def _train(
    settings: "Word2VecSettings", filter: "PlaylistFilter", subject: "Subject", noun: str
) -> None:
    from loaders.songs import train as training

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        model = training.train(conn, settings, filter, subject)
    say(training.model_line(model, subject))
    say(training.quality_line(model, noun))


def draw_radio(
    tracks: Annotated[list[str], typer.Argument(help="Track ids to start from.")],
    out: Annotated[Path, typer.Option(help="An .m3u8 or .jspf file to write.")],
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="Number of songs.")] = 25,
    per_artist: Annotated[int, typer.Option(min=1, help="Maximum songs per artist.")] = 3,
) -> None:
    """Write a playlist of songs that go with some tracks."""
    from loaders.songs.radio import draw

    with db.connect_to_load(announce=True) as conn:
        say(f"{draw(conn, tracks, out, n, per_artist)} songs in {out}")


def forget_playlist(
    identity: Annotated[str, typer.Argument(help="Its `identity` in the table playlists.")],
) -> None:
    """Delete a playlist, and tracks that are in no other."""
    _forget("playlist", identity)


def forget_owner(owner: Owner) -> None:
    """Delete all playlists of an owner, and tracks that are in no other."""
    _forget("owner", owner)


def _forget(kind: str, value: str) -> None:
    from loaders.songs.forget import forget_playlists

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        report_deleted(forget_playlists(conn, kind, value))
