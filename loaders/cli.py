"""The pgmuse command: options and help texts, no logic of its own."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from loaders import cli_icons, db, server
from loaders.errors import Problem, say
from loaders.server import ROOT

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Answers of machine-learning systems as SQL queries. PGHOST, PGHOSTADDR, PGPORT, "
    "PGDATABASE or PGSERVICE choose a server; with none of them it is the embedded one.",
)
load_app = typer.Typer(no_args_is_help=True, help="Fill tables.")
train_app = typer.Typer(no_args_is_help=True, help="Train a model on what is loaded.")
draw_app = typer.Typer(no_args_is_help=True, help="Generate something and store it as a sample.")
forget_app = typer.Typer(no_args_is_help=True, help="Take something out, with all made of it.")
bench_app = typer.Typer(no_args_is_help=True, help="Measure, on servers of their own.")
for name, group in (
    ("load", load_app),
    ("train", train_app),
    ("draw", draw_app),
    ("forget", forget_app),
    ("bench", bench_app),
):
    app.add_typer(group, name=name)
cli_icons.add_to(load_app, train_app)

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def main() -> None:
    """Run the command; what a person can mend is one line and exit status 1."""
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # a Ctrl-C needs no words of its own
    try:
        app(prog_name="pgmuse")
    except Problem as error:
        say(str(error))
        sys.exit(1)
    except psycopg.Error as error:
        text = " ".join(str(error).split())
        say(f"{text} (./pgmuse doctor may know more)")
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output left; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


@app.command()
def setup() -> None:
    """Install what is missing on this machine, and only that."""
    say("everything is in place")


@app.command()
def demo() -> None:
    """Load real sample data, train quickly, show an answer of every system."""
    from loaders.demo import demo as run

    run()


@app.command(context_settings=PASS_ON)
def test(context: typer.Context) -> None:
    """Run the tests on a private, throw-away server; arguments are pytest's."""
    command = [sys.executable, "-m", "pytest", "--rootdir", str(ROOT), *context.args]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


@app.command()
def up(
    listen: Annotated[
        str | None,
        typer.Option(metavar="HOST[:PORT]", help="Listen on TCP too, with passwords."),
    ] = None,
) -> None:
    """Start the embedded server."""
    embedded = server.embedded()
    embedded.up(listen)
    host, port = embedded.address()
    say(f"the embedded server runs{f', on {host}:{port} too' if host else ''}: ./pgmuse psql")


@app.command()
def down() -> None:
    """Stop the embedded server."""
    say("stopped" if server.embedded().down() else "the embedded server was not running")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what the embedded server does and what is in it; exit 1 where it is stopped."""
    from loaders.status import status as tell

    raise typer.Exit(0 if tell(as_json=as_json) else 1)


@app.command()
def migrate(
    without_python: Annotated[
        bool,
        typer.Option(
            "--without-python", help="For a server without PL/Python: songs and Wikidata only."
        ),
    ] = False,
) -> None:
    """Bring the database's schema up to date; nothing happens twice."""
    from loaders.migrate import migrate as run

    run(with_python=not without_python)


@app.command()
def uninstall(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Drop the schema muse with everything in it, the roles and our settings."""
    from loaders.migrate import uninstall as run

    with db.connect() as conn:
        where = db.described(conn)
    if not yes:
        typer.confirm(f"Drop everything of pgmuse in {where}?", abort=True, err=True)
    for line in run():
        say(line)


@app.command(context_settings=PASS_ON)
def psql(context: typer.Context) -> None:
    """Open psql on the database; arguments are psql's."""
    named = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    environment = os.environ | {named[key]: value for key, value in db.conninfo().items()}
    program = server.bindir() / "psql"
    os.execve(program, ["psql", *context.args], environment)  # noqa: S606


@app.command()
def doctor() -> None:
    """Check every requirement; each line is ok or says what to do, exit 1 if one fails."""
    from loaders.doctor import doctor as run

    raise typer.Exit(0 if run() else 1)


@load_app.command("playlists")
def load_playlists(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files, also .gz, .bz2, .zip; - is standard input.")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="mpd, jspf, xspf, m3u or table; told by content if left out.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="The playlists of the sample packages.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Read files that have not changed too.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Files that are loaded at once.")] = 2,
) -> None:
    """Add or update playlists: Million Playlist slices, JSPF, XSPF, M3U, CSV and TSV.

    Each file is loaded whole or not at all; the others of the call go on.

    ./pgmuse load playlists mpd.slice.*.json mixtape.m3u8
    """
    from loaders.playlists import load_files, load_samples

    if not files and not sample:
        raise typer.BadParameter("name a file, or --sample")
    with db.connect_to_muse(writes=True, autocommit=True) as conn:
        good = bool(load_samples(conn)) if sample else True
    good &= load_files(files or [], format=format, again=again, workers=workers)
    raise typer.Exit(0 if good else 1)


@load_app.command("wikidata")
def load_wikidata(
    source: Annotated[
        str | None,
        typer.Argument(help="A JSON dump, also .gz, .bz2, .zst; an address; - is standard input."),
    ] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="Keep instances of this id only; repeat it.")
    ] = None,
    subclasses: Annotated[
        bool, typer.Option("--subclasses", help="Of its subclasses too, as loaded before.")
    ] = False,
    ids: Annotated[
        str | None,
        typer.Option(
            help="Q146,Q144 or a file of ids: keep those only, or without a dump ask for them."
        ),
    ] = None,
    from_query: Annotated[
        str | None, typer.Option(help="The same with ids from a query's result, JSON or CSV.")
    ] = None,
    sitelink: Annotated[
        list[str] | None,
        typer.Option(help="Keep items of this wiki only, and its links; repeat it."),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Languages of labels; repeat it.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many items.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="A table of id and English label, to name what has none.")
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Brands of the sample package.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove items that the dump does not hold.")
    ] = False,
    max_bad: Annotated[
        int, typer.Option(min=0, help="Stop, and change nothing, with more unusable entries.")
    ] = 1000,
    again: Annotated[
        bool, typer.Option("--again", help="Read a source that has not changed too.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that parse.")] = 2,
    contact: Annotated[
        str | None, typer.Option(help="Your e-mail or page, for web services; or PGMUSE_CONTACT.")
    ] = None,
    api: Annotated[
        str | None, typer.Option(help="The API of another Wikibase than Wikidata.")
    ] = None,
) -> None:
    """Load items of Wikidata: from a dump, by their ids, or the sample.

    What is loaded twice is updated where its revision is newer. An interrupted load
    goes on where it was.

    ./pgmuse load wikidata latest-all.json.bz2 --class Q146 --class Q144
    """
    from loaders.wikidata.command import Request, load_all

    request = Request(
        source, tuple(classes or ()), subclasses, ids, from_query, tuple(sitelink or ()),
        tuple(language or ()), limit, labels, sample, prune, max_bad, again, workers, contact, api,
    )  # fmt: skip
    with db.connect_to_muse(writes=True, autocommit=True) as conn:
        good = load_all(conn, request)
    raise typer.Exit(0 if good else 1)


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
    from loaders.songs import Filter, train
    from loaders.train.songs import Settings

    settings = Settings(
        epochs=epochs, window=window, min_count=min_count, seed=seed, workers=workers
    )
    which = Filter(shortest, longest, artist_share, held_out)
    with db.connect_to_muse(writes=True, autocommit=True) as conn:
        made = train(conn, settings, which)
    say(f"model {made.model_id} is live: {made.tracks:,} tracks of {made.playlists:,} playlists")
    say(
        f"a hidden song is among the first ten for {made.quality.hit_rate:.0%} of "
        f"{made.quality.playlists:,} playlists; by popularity {made.popularity.hit_rate:.0%}"
    )


@draw_app.command("radio")
def draw_radio(
    tracks: Annotated[list[str], typer.Argument(help="Track ids to start from.")],
    out: Annotated[Path, typer.Option(help="An .m3u8 or .jspf file to write.")],
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many songs.")] = 25,
    per_artist: Annotated[int, typer.Option(min=1, help="At most so many of an artist.")] = 3,
) -> None:
    """Write a playlist that starts from some tracks."""
    from loaders.radio import draw

    with db.connect_to_muse(writes=True) as conn:
        say(f"{draw(conn, tracks, out, n, per_artist)} songs in {out}")


@app.command()
def refresh(
    topic: Annotated[
        str | None, typer.Argument(help="playlists or wikidata; everything if left out.")
    ] = None,
) -> None:
    """Load again what changed since it was loaded, and train again what grew; for cron.

    17 3 * * * /opt/pgmuse/pgmuse refresh
    """
    from loaders.refresh import refresh as run

    with db.connect_to_muse(writes=True, autocommit=True) as conn:
        good = run(conn, topic)
    raise typer.Exit(0 if good else 1)


@forget_app.command("playlist")
def forget_playlist(
    identity: Annotated[str, typer.Argument(help="As in the table playlists.")],
) -> None:
    """Take out one playlist, and the tracks that only it held."""
    _forget("playlist", identity)


@forget_app.command("owner")
def forget_owner(owner: Annotated[str, typer.Argument(help="As in the table playlists.")]) -> None:
    """Take out all playlists of an owner, and the tracks that only they held."""
    _forget("owner", owner)


@forget_app.command("source")
def forget_source(
    location: Annotated[str, typer.Argument(help="As in the table sources.")],
) -> None:
    """Take out all that came from a source, and what is known of its loads."""
    _forget("source", location)


@forget_app.command("item")
def forget_item(wikidata_id: Annotated[str, typer.Argument(help="Such as Q146.")]) -> None:
    """Take out an item of Wikidata, with its label."""
    from loaders.wikidata.forget import forget

    with db.connect_to_muse(writes=True, autocommit=True) as conn:
        forget(conn, wikidata_id)
    say(f"{wikidata_id} is gone")


def _forget(kind: str, value: str) -> None:
    from loaders.forget import forget

    with db.connect_to_muse(writes=True, autocommit=True) as conn:
        playlists, tracks = forget(conn, kind, value)
    say(f"{playlists:,} playlists and {tracks:,} tracks are gone")


@bench_app.command("songs")
def bench_songs(
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small tables, to see that it runs.")
    ] = False,
    only: Annotated[str | None, typer.Option(help="quality, search, load or connect.")] = None,
) -> None:
    """The song radio: quality, search, load and first rows, each beside its peers."""
    from benchmarks.songs import bench

    bench(as_json=as_json, quick=quick, only=only)


@bench_app.command("wikidata")
def bench_wikidata(
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="A small dump, to see that it runs.")
    ] = False,
    only: Annotated[str | None, typer.Option(help="load, inserts or queries.")] = None,
    megabytes: Annotated[int, typer.Option(min=20, help="Size of the dump, as JSON.")] = 2000,
) -> None:
    """Wikidata: a dump in each packing beside its limits and other ways, and a million items."""
    from benchmarks.wikidata import bench

    bench(as_json=as_json, quick=quick, only=only, megabytes=megabytes)
