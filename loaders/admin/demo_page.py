"""The demo's output: each query with its rows, in the terminal and on an HTML page."""

import base64
import html
import os
import shlex
import subprocess
from decimal import Decimal

import psycopg

from loaders.core import db
from loaders.core.config import DEMO_FOLDER
from loaders.core.server.cluster import bindir
from loaders.core.topics import PICTURE, Answer

PAGE = DEMO_FOLDER / "index.html"
VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'
PNG = b"\x89PNG\r\n\x1a\n"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem;
       color: #222; background: #fffdf8 }
h1 { font-weight: 600; margin-bottom: 0 } h2 { margin: 2.5rem 0 0 } p { margin: .3rem 0 1rem }
pre { background: #f3efe6; padding: .8rem 1rem; border-radius: .4rem; overflow-x: auto }
table { border-collapse: collapse } th, td { padding: .2rem 1rem .2rem 0; text-align: left }
th { border-bottom: 1px solid #bbb }
td img { max-width: 100%; image-rendering: pixelated } td pre { line-height: 1; margin: 0 }
p + img, td img.photo { max-height: 8rem; border: 1px solid #ddd }
.table { overflow-x: auto }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(224px, 1fr)); gap: 1rem }
.gallery figure { margin: 0 } .gallery img { width: 100%; image-rendering: pixelated;
       border: 1px solid #ddd } figcaption { font-size: .85rem; color: #555 }
td.number { text-align: right; font-variant-numeric: tabular-nums }
"""


def show(answer: Answer) -> None:
    """Print a query and its rows with psql."""
    script = f"{answer.query};\n"
    if answer.file is not None:
        quoted = shlex.quote(str(answer.file)).replace("`", "\\`")
        script = f"\\set picture `base64 -w0 {quoted}`\n" + script.replace(
            PICTURE, "decode(:'picture', 'base64')"
        )
    print(f"\n{answer.title}\n{answer.text}\n\n{script}", end="", flush=True)
    if answer.is_picture:
        print("(a picture: see the page)")
        return
    variables = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    server = {variables[key]: value for key, value in db.conninfo().items()}
    command = [str(bindir() / "psql"), "-X", "-q", "-P", "pager=off", "-v", "ON_ERROR_STOP=1"]
    subprocess.run(command, input=script.encode(), env=os.environ | server, check=True)


def section(conn: psycopg.Connection, answer: Answer) -> str:
    """A query and its rows as HTML; all text is escaped."""
    content = answer.file.read_bytes() if answer.file is not None else b""
    literal = f"decode('{content.hex()}', 'hex')"
    cursor = conn.execute(answer.query.replace(PICTURE, literal).encode())
    heads = [column.name for column in cursor.description or []]
    rows = [list(row) for row in cursor]
    if answer.page_column is not None:
        shown = conn.execute(f"select {answer.page_column.replace(PICTURE, literal)}".encode())
        heads.append("picture")
        rows = [[*row, *picture] for row, picture in zip(rows, shown, strict=True)]
    query = html.escape(answer.query.replace(PICTURE, "decode(:'picture', 'base64')"))
    image = ""
    if answer.file is not None:
        data = base64.b64encode(content).decode()
        kind = "png" if answer.file.suffix == ".png" else "jpeg"
        image = f'<img src="data:image/{kind};base64,{data}" alt="the query picture">\n'
    return (
        f"<h2>{html.escape(answer.title)}</h2>\n<p>{html.escape(answer.text)}</p>\n{image}"
        f"<pre>{query};</pre>\n{gallery(rows) if answer.is_gallery else table(heads, rows)}"
    )


def table(heads: list[str], rows: list[list[object]]) -> str:
    """Rows as an HTML table, which scrolls on a narrow screen."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    body = "\n".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return f'<div class="table"><table>\n<tr>{head}</tr>\n{body}\n</table></div>'


def gallery(rows: list[list[object]]) -> str:
    """Rows as pictures; the last value is the address, the others are the caption."""
    figures = []
    for *values, address in rows:
        words = html.escape(", ".join(str(value) for value in values if value is not None))
        image = f'<img alt="{words}" src="{html.escape(str(address))}">'
        figures.append(f"<figure>{image}<figcaption>{words}</figcaption></figure>")
    return '<div class="gallery">\n' + "\n".join(figures) + "\n</div>"


def cell(value: object) -> str:
    """A value as a cell of an HTML table."""
    if isinstance(value, int | float | Decimal):  # a Decimal as the query has rounded it
        shown = f"{value:.3f}".removesuffix(".000") if isinstance(value, float) else str(value)
        return f'<td class="number">{shown}</td>'
    if isinstance(value, bytes) and value.startswith(PNG):
        address = base64.b64encode(value).decode()
        return f'<td><img alt="" src="data:image/png;base64,{address}"></td>'
    if isinstance(value, str) and value.startswith("data:image/"):
        return f'<td><img class="photo" alt="" src="{html.escape(value)}"></td>'
    if isinstance(value, str) and "\n" in value:
        return f"<td><pre>{html.escape(value)}</pre></td>"
    return f"<td>{html.escape('' if value is None else str(value))}</td>"


def write_page(sections: list[str]) -> None:
    """Write the HTML page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    head = f'<!doctype html><html lang="en"><meta charset="utf-8">{VIEWPORT}<title>pgmuse</title>'
    words = "<h1>pgmuse</h1><p>Each table is the result of the query above it.</p>"
    PAGE.write_text(
        f"{head}\n<style>{STYLE}</style>\n{words}\n" + "\n".join(sections) + "\n</html>\n"
    )
