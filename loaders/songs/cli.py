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
Longest = Annotated[
    int | None,
    typer.Option(min=2, help="Cut longer playlists into parts; default: longer than 99% are."),
]
ArtistShare = Annotated[
    float, typer.Option(min=0, max=1, help="Leave out playlists with more of one artist.")
]
HeldOut = Annotated[
    float,
    typer.Option(min=0, max=1, help="Share of playlists to measure quality on; 1,000 at most."),
]
Seed = Annotated[
    int, typer.Option(min=0, help="Random seed; with 1 worker it determines the model.")
]
Workers = Annotated[int, typer.Option(min=1, help="Threads.")]
Owner = Annotated[str, typer.Argument(help="As in the table playlists.")]
ExportFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="m3u, jspf, xspf, csv or spotify-uris; default: by the file's ending, or m3u.",
    ),
]
Out = Annotated[str, typer.Option(help="A file to write; - is standard output.")]
N = Annotated[int, typer.Option("-n", min=1, max=1000, help="Number of songs.")]
NoBrowser = Annotated[
    bool, typer.Option("--no-browser", help="Print the address for the login to Spotify.")
]
PerArtist = Annotated[int, typer.Option(min=1, help="Maximum songs per artist.")]


def commands() -> Commands:
    """The commands of this topic, by verb and name."""
    return Commands(
        load={"playlists": load, "songs": load, "spotify": load_spotify},
        train={"songs": train, "artists": train_artists},
        draw={"radio": draw_radio},
        export={"playlist": export_playlist, "radio_samples": export_radio_samples},
        forget={"playlist": forget_playlist, "owner": forget_owner},
    )


def load(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files, also .gz, .bz2 or .zip; - is standard input.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="mpd, jspf, xspf, m3u, table, spotify-playlists, spotify-library, "
            "spotify-history, lastfm or listenbrainz; detected from content by default."
        ),
    ] = None,
    gap: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="MINUTES",
            help="Time without music that ends a session of a listening history.",
        ),
    ] = 30,
    sample: Annotated[
        bool, typer.Option("--sample", help="Load the playlists of the sample packages.")
    ] = False,
    again: options.Again = False,
    workers: Annotated[int, typer.Option(min=1, help="Files to load in parallel.")] = 2,
) -> None:
    """Load playlists: Million Playlist slices, JSPF, XSPF, M3U, CSV, TSV, and listening histories.

    Histories are the data that Spotify sends on request (a .zip), and exports of Last.fm and
    ListenBrainz: each session of listening is a playlist.

    Each file is loaded in one transaction. Loading it again changes nothing. An unreadable
    file does not stop the others.

    ./pgmuse load playlists mpd.slice.*.json mixtape.m3u8
    """
    from loaders.songs.load import SongOptions, load_all

    if not files and not sample:
        raise typer.BadParameter("name a file, or --sample")
    request = SongOptions(
        files=tuple(files or ()),
        format=format,
        sample=sample,
        again=again,
        workers=workers,
        gap=gap,
    )
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        finish(load_all(conn, request))


def load_spotify(
    playlist: Annotated[
        list[str] | None,
        typer.Option(help="Load these: ids or links, separated by commas or with more options."),
    ] = None,
    mine: Annotated[
        bool, typer.Option("--mine", help="Load your own playlists and liked songs; you log in.")
    ] = False,
    words_only: Annotated[
        bool, typer.Option("--words-only", help="Search for playlists, read no tracks.")
    ] = False,
    tracks_only: Annotated[
        bool, typer.Option("--tracks-only", help="Read tracks of found playlists, do not search.")
    ] = False,
    max_playlists: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many playlists.")
    ] = None,
    market: Annotated[
        str | None, typer.Option(help="As seen from this country: two letters, such as DE.")
    ] = None,
    max_wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait at most where Spotify asks to; else end.")
    ] = 60,
    pace: Annotated[float, typer.Option(min=0.01, help="Requests a second at most.")] = 3,
    again: Annotated[
        bool, typer.Option("--again", help="Also ask for what Spotify refused before.")
    ] = False,
    no_browser: NoBrowser = False,
) -> None:
    """Load playlists from Spotify: a crawl, some playlists, or your own.

    Without --playlist and --mine it searches by the words of titles, the commonest first, and
    then reads the tracks; run it again to go on. docs/spotify.md says what an app needs.

    ./pgmuse load spotify --max-playlists 1000
    """
    from loaders.songs.spotify.load import SpotifyOptions
    from loaders.songs.spotify.load import load_spotify as load_from_spotify

    if words_only and tracks_only:
        raise typer.BadParameter("--words-only and --tracks-only leave nothing to do")
    if mine and playlist:
        raise typer.BadParameter("--mine loads all of your playlists: leave out --playlist")
    links = tuple(one for text in playlist or () for one in text.split(",") if one.strip())
    if playlist and not links:
        raise typer.BadParameter("--playlist needs an id or a link")
    request = SpotifyOptions(
        words=not tracks_only, tracks=not words_only, most=max_playlists, market=market,
        playlists=links,
        mine=mine, browser=not no_browser, again=again, max_wait=max_wait, pace=pace,
    )  # fmt: skip
    with db.connect_to_load(announce=True, autocommit=True) as conn:
        finish([load_from_spotify(conn, request)])


def train(
    epochs: Epochs = 20,
    window: Window = 20,
    min_count: MinCount = 1,
    shortest: Shortest = 1,
    longest: Longest = None,
    artist_share: ArtistShare = 0.5,
    held_out: HeldOut = 0.5,
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
    _train(settings, filter, SONGS)


def train_artists(
    epochs: Epochs = 20,
    window: Window = 20,
    min_count: MinCount = 1,
    shortest: Shortest = 1,
    longest: Longest = None,
    artist_share: ArtistShare = 0.5,
    held_out: HeldOut = 0.5,
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
    _train(settings, filter, ARTISTS)


def _train(settings: "Word2VecSettings", filter: "PlaylistFilter", subject: "Subject") -> None:
    from loaders.songs import train as training

    with db.connect_to_load(announce=True, autocommit=True) as conn:
        model = training.train(conn, settings, filter, subject)
    for line in (*training.quality_lines(model, subject), training.model_line(model, subject)):
        say(line)


def draw_radio(
    tracks: Annotated[list[str], typer.Argument(help="Track ids to start from.")],
    out: Annotated[Path, typer.Option(help="An .m3u8, .jspf, .xspf or .csv file to write.")],
    n: N = 25,
    per_artist: PerArtist = 3,
) -> None:
    """Write a playlist of songs that go with some tracks."""
    from loaders.songs.radio import draw

    with db.connect_to_load(announce=True) as conn:
        say(f"{draw(conn, tracks, out, n, per_artist)} songs in {out}")


def export_playlist(
    identity: Annotated[
        str | None, typer.Argument(help="The `identity` of a stored playlist, instead of --seeds.")
    ] = None,
    seeds: Annotated[
        list[str] | None,
        typer.Option(help="Track ids of a song radio, with commas between them; may be repeated."),
    ] = None,
    format: ExportFormat = None,
    out: Out = "-",
    n: N = 25,
    per_artist: PerArtist = 3,
    sound: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of what songs sound like; see load audio."),
    ] = 0,
    to_spotify: Annotated[
        bool,
        typer.Option("--to-spotify", help="Save it as a private playlist in your account instead."),
    ] = False,
    no_browser: NoBrowser = False,
) -> None:
    """Write a song radio, or a stored playlist, without storing anything.

    It needs the role muse_reader only. `load playlists` reads the file to the same tracks.

    ./pgmuse export playlist --seeds "lonestar - amazed" --out mix.xspf
    """
    from loaders.songs import export

    if (identity is None) == (not seeds):
        raise typer.BadParameter("name a playlist, or --seeds")
    format = export.format_of(format, out)
    if Path(out).is_dir():
        raise typer.BadParameter(f"{out} is a folder: name a file")
    with db.connect_to_muse() as conn:
        conn.read_only = True
        conn.add_notice_handler(lambda notice: say(notice.message_primary or ""))
        if identity is not None:
            playlist = export.stored(conn, identity)
        else:
            playlist = export.radio(conn, seeds or [], n, per_artist, sound)
    if to_spotify:
        from loaders.songs.spotify.save import save

        track_ids = [track.track_id for track in playlist.tracks]
        say(f"saved as {save(track_ids, playlist.title, browser=not no_browser)}")
    else:
        export.write([playlist], format, out)


def export_radio_samples(
    sample: Annotated[int | None, typer.Option(help="Its sample_id; default: all.")] = None,
    format: ExportFormat = None,
    out: Annotated[
        str,
        typer.Option(help="A file, or a folder for a file of each; - is standard output."),
    ] = "-",
) -> None:
    """Write stored song radios, as in the view radio_samples.

    ./pgmuse export radio_samples --format csv
    """
    from loaders.songs import export

    format = export.format_of(format, out)
    with db.connect_to_muse() as conn:
        conn.read_only = True
        playlists = export.samples(conn, sample)
    export.write(playlists, format, out)


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
