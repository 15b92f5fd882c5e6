"""All of the topic weather."""

import typer
from psycopg.types.json import Jsonb

from loaders.core import db, runs
from loaders.core.cli import finish
from loaders.core.entries import bad_entry
from loaders.core.models import publish
from loaders.core.sources import Source
from loaders.core.topics import Answer, Check, Commands

INSERT = "insert into muse.samples (kind, parameters, result) values ('radio', %s, %s)"
DELETE = "delete from muse.samples where parameters ->> 'weather' = %s"


def commands() -> Commands:
    return Commands(load={"weather": load_command}, train={"weather": train_command})


def load_command(file: str = typer.Argument(help="A file of temperatures.")) -> None:
    """Load temperatures."""
    with db.connect_to_load(autocommit=True) as conn:
        finish([load(conn, file)])


def train_command() -> None:
    """Train the mean temperature."""
    with db.connect_to_load(autocommit=True) as conn:
        train(conn)


def load(conn, file):
    source = Source(file)
    with runs.run(
        conn, "weather", source.name, options={}, fingerprint=source.fingerprint()
    ) as run:
        if run is not None:
            lines = source.path.read_text().splitlines()
            values = list(run.accept(map(parse, enumerate(lines, start=1))))
            conn.execute(DELETE, (source.name,))
            conn.execute(INSERT, (Jsonb({"weather": source.name}), Jsonb(values)))
            run.loaded = len(values)
    result = runs.result_of(run, source.name, "temperatures")
    result.report()
    return result


def parse(line):
    number, text = line
    try:
        return float(text)
    except ValueError as error:
        return bad_entry(f"line {number}", error, text)


def refresh(conn, source):
    return load(conn, source.location)


def outdated(conn):
    query = "select from muse.deployments where name = 'weather'"
    return "there may be new temperatures" if conn.execute(query).rowcount else None


def retrain(conn):
    train(conn)


def train(conn):
    query = """
        select avg(value::float) from muse.samples, jsonb_array_elements(result) as value
        where parameters ? 'weather'
    """
    (mean,) = conn.execute(query).fetchone()
    publish(conn, "weather", {"mean": mean}, {})


def forget(conn, source):
    rows = conn.execute(DELETE, (source.location,)).rowcount
    conn.execute("delete from muse.sources where source_id = %s", (source.source_id,))
    return {"files": rows}


def demo(conn):
    yield Answer("How warm is it?", "In degrees.", "select 21 as degrees")


def checks(conn):
    yield Check("weather", "no station", "put one on the roof", is_note=True)
