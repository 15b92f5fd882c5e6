"""The demo: real sample data in, an answer of every system out, in the terminal and as a page.

A system adds its part as a function that fills tables and gives Answers, named in PARTS.
"""

import base64
import html
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import NamedTuple

import psycopg

from loaders import db, playlists, songs
from loaders.dumps.sources import tell
from loaders.errors import say
from loaders.icons.command import load as load_icons
from loaders.migrate import migrate
from loaders.server import ROOT, bindir, embedded
from loaders.shipped import load_models
from loaders.train.songs import Settings
from loaders.wikidata.load import Options
from loaders.wikidata.sources import load_sample as load_wikidata_sample
from loaders.wikipedia.command import load_sample as load_wikipedia_sample

PNG = b"\x89PNG\r\n\x1a\n"
PAGE = ROOT / "var" / "demo" / "index.html"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem;
       color: #222; background: #fffdf8 }
h1 { font-weight: 600; margin-bottom: 0 } h2 { margin: 2.5rem 0 0 } p { margin: .3rem 0 1rem }
pre { background: #f3efe6; padding: .8rem 1rem; border-radius: .4rem; overflow-x: auto }
table { border-collapse: collapse } th, td { padding: .2rem 1rem .2rem 0; text-align: left }
th { border-bottom: 1px solid #bbb }
td img { max-width: 100%; image-rendering: pixelated } td pre { line-height: 1; margin: 0 }
td.number { text-align: right; font-variant-numeric: tabular-nums }
"""


class Answer(NamedTuple):
    """A query, what it is about, and a sentence on how to read its rows.

    What answers with a picture is for the page: a terminal shows the query alone.
    """

    title: str
    words: str
    query: str
    picture: bool = False


def demo() -> None:
    """Set everything up on the embedded server, whatever PG* variables say, and show it."""
    for name in [name for name in os.environ if name.startswith("PG") and "PGMUSE" not in name]:
        del os.environ[name]
    say("starting the embedded server")
    embedded().up()
    migrate()
    sections = []
    with db.connect_to_muse(autocommit=True) as conn:
        for part in PARTS:
            for answer in part(conn):
                show(answer)
                sections.append(section(conn, answer))
    write_page(sections)
    print(f"\nAll of it on one page: {PAGE}\nGo on in psql:         ./pgmuse psql")


def song_radio(conn: psycopg.Connection) -> Iterator[Answer]:
    """Charts and setlists, a song model, and what goes with a well-known song."""
    found = playlists.load_samples(conn)
    if not found:
        return
    new = any(loaded.playlists for loaded in found)
    live = conn.execute("select from muse.deployments where name = 'songs'").fetchone()
    if new or live is None:
        say("training the song model")
        songs.train(conn, Settings(epochs=100))  # of few playlists one can read more often
    yield Answer(
        "What goes with a song?",
        "The playlists are the weekly Hot 100 of 2000, so what goes together charted together. "
        "Similarity is a cosine; only its order says something.",
        "select * from similar_songs((select track_id from find_songs('say my name') limit 1))",
    )
    yield Answer(
        "A playlist from the middle of two songs",
        "Their vectors and their neighbours in playlists, blended; at most two of an artist.",
        "select place, name, artist from song_radio(array(\n"
        "    select track_id from find_songs('whitney houston', 2)), n => 8, per_artist => 2)",
    )


def wikidata(conn: psycopg.Connection) -> Iterator[Answer]:
    """Brands and flags of Wikidata, by what they are."""
    loaded = load_wikidata_sample(conn, Options())
    if loaded is None:
        return
    tell("Wikidata sample", loaded, "items")
    yield Answer(
        "What are the things in Wikidata?",
        "Brands, operators and networks that maps know, and flags; a category of the "
        "name-suggestion-index stands for the class.",
        "select properties ->> 'instance of' as thing, count(*) as c\n"
        "from wikidata group by thing order by c desc limit 8",
    )
    yield Answer(
        "The same, right",
        "The query above takes a shop that is two things for a third one; the view counts each.",
        "select class, items from classes order by items desc, class limit 8",
    )
    yield Answer(
        "All banks that were closed",
        "One function for the items of a class, one for the values of a property.",
        "select bank.title, closed.value as closed\n"
        "from instances_of('bank') as bank\n"
        "join claim_values('dissolved, abolished or demolished date') as closed\n"
        "    using (wikidata_id) order by 2 desc limit 5",
    )


def wikipedia(conn: psycopg.Connection) -> Iterator[Answer]:
    """A hundred articles, by their infobox and categories."""
    load_wikipedia_sample(conn, Options())
    yield Answer(
        "Writers who were born in 1905",
        "Of a hundred articles, which are the beginning of a dump of 2016. The image is the "
        "infobox's, else the first one in the text.",
        "select title, infobox, image from articles\n"
        "where infobox = 'writer' and categories @> array['1905 births']",
    )
    yield Answer(
        "What kinds of articles are there?",
        "An infobox says what an article is about; its name is kept without that word.",
        "select infobox, count(*) as articles, min(title) as for_example\n"
        "from articles where infobox is not null group by infobox order by 2 desc, 1 limit 5",
    )


def icons(conn: psycopg.Connection) -> Iterator[Answer]:
    """Icon fonts and hieroglyphs, and what networks that learned from them draw."""
    for kind in ("icon", "hieroglyph"):
        load_icons(conn, kind, [], sample=True)
    for name, told in load_models(conn).items():
        say(f"{name}: {told}")
    yield Answer(
        "A hieroglyph and what it means",
        "Signs have their Gardiner codes; a bitmap draws itself in half blocks or in braille.",
        "select code, meaning, icon_text(bitmap, 'braille') as sign\n"
        "from hieroglyphs where code in ('A1', 'G5', 'N5') order by code",
    )
    yield Answer(
        "Which icons look like a lock?",
        "Distance counts the pixels that differ, of 1,024.",
        "select icon_set, name, distance from similar_icons((\n"
        "    select bitmap from icons where name = 'lock' and size = 32 order by icon_id limit 1\n"
        "), n => 5)",
    )
    yield Answer(
        "Two icons that nobody drew",
        "A network of 40,000 weights reads and writes scanlines. nll is what the icon costs it, in "
        "bits a pixel; copy_of would name an icon that it had merely learned by heart.",
        "select i, icon_text(bitmap, 'braille') as icon, nll, copy_of\n"
        "from generate_icons('icons_32', n => 2, seed => 5)",
    )
    yield Answer(
        "Three hundred of them",
        "Each in a colour of its own.",
        "select icon_poster(array(\n"
        "    select bitmap from generate_icons('icons_32', n => 300, temperature => 0.9)\n"
        ")) as poster",
        picture=True,
    )
    yield Answer(
        "A wall of signs that no scribe knows",
        "Hieroglyphs of a network, set in columns; what they enclose is gilded.",
        "select hieroglyph_stela(array(\n"
        "    select bitmap from generate_icons('hieroglyphs_32', n => 400, temperature => 0.9)\n"
        ")) as stela",
        picture=True,
    )


PARTS: tuple[Callable[[psycopg.Connection], Iterator[Answer]], ...] = (
    song_radio,
    wikidata,
    wikipedia,
    icons,
)


def show(answer: Answer) -> None:
    """The query and its rows as psql prints them."""
    print(f"\n{answer.title}\n{answer.words}\n\n{answer.query};", flush=True)
    if answer.picture:
        print("(a picture: see the page)")
        return
    named = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    where = {named[key]: value for key, value in db.conninfo().items()}
    command = [str(bindir() / "psql"), "-X", "-q", "-P", "pager=off", "-c", answer.query]
    subprocess.run(command, env=os.environ | where, check=True)


def section(conn: psycopg.Connection, answer: Answer) -> str:
    """The same as a piece of the page; names come from outside and are escaped."""
    cursor = conn.execute(answer.query.encode())
    heads = "".join(f"<th>{html.escape(column.name)}</th>" for column in cursor.description or [])
    rows = "\n".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in cursor)
    return (
        f"<h2>{html.escape(answer.title)}</h2>\n<p>{html.escape(answer.words)}</p>\n"
        f"<pre>{html.escape(answer.query)};</pre>\n<table>\n<tr>{heads}</tr>\n{rows}\n</table>"
    )


def cell(value: object) -> str:
    """A cell of a table."""
    if isinstance(value, int | float):
        shown = f"{value:.3f}" if isinstance(value, float) else str(value)
        return f'<td class="number">{shown}</td>'
    if isinstance(value, bytes) and value.startswith(PNG):
        address = base64.b64encode(value).decode()
        return f'<td><img alt="" src="data:image/png;base64,{address}"></td>'
    if isinstance(value, str) and "\n" in value:
        return f"<td><pre>{html.escape(value)}</pre></td>"
    return f"<td>{html.escape('' if value is None else str(value))}</td>"


def write_page(sections: list[str]) -> None:
    """The page, whole."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>pgmuse</title>'
    words = "<h1>pgmuse</h1><p>Every table here is the answer to the query above it.</p>"
    PAGE.write_text(
        f"{head}\n<style>{STYLE}</style>\n{words}\n" + "\n".join(sections) + "\n</html>\n"
    )
