"""Loads and trainings that faults interrupt: each has a source in versions, and stored rows."""

from abc import ABC, abstractmethod
from pathlib import Path

import psycopg
import pytest

from loaders.core.config import HOME
from loaders.sounds.tagger import musicnn
from loaders.sounds.tagger import train as tagger
from tests.factories.exports import exported
from tests.factories.fonts import font
from tests.factories.pictures import add_picture, photo, shape
from tests.factories.playlists import IDS, places, slice_of
from tests.factories.rows import add_model
from tests.factories.sounds import tone, write_sound
from tests.factories.wikidata import dump_of, entity, value
from tests.factories.wikipedia import dump_of as wikipedia_dump_of
from tests.factories.wikipedia import page

Rows = list[tuple[object, object]]  # key, version


class Job(ABC):
    """A command whose source gets a new version before each turn.

    stored: a query for the key and the version of each row. check: raises where the rows disagree,
    at any moment. check_end: the same after a run that finished.
    """

    stored: str

    def __init__(self, folder: Path) -> None:
        self.folder, self.version = folder, 0

    @property
    @abstractmethod
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments."""

    @abstractmethod
    def write(self, conn: psycopg.Connection) -> None:
        """Write the source in the version `self.version`."""

    @abstractmethod
    def expected(self, conn: psycopg.Connection) -> Rows:
        """The rows after a run that finished."""

    def next_version(self, conn: psycopg.Connection) -> None:
        self.version += 1
        self.write(conn)

    def rows(self, conn: psycopg.Connection) -> Rows:
        return conn.execute(self.stored).fetchall()

    def check(self, conn: psycopg.Connection) -> None:
        """No row is there twice."""
        rows = self.rows(conn)
        assert len(dict(rows)) == len(rows)

    def check_end(self, conn: psycopg.Connection) -> None:
        """All rows are of this version."""
        wrong = set(self.rows(conn)) ^ set(self.expected(conn))
        assert not wrong, sorted(wrong, key=str)[:9]


class Playlists(Job):
    """Six files with 150 playlists of 40 tracks each."""

    files, each, length = 6, 150, 40
    stored = "select split_part(title, ' ', 1), split_part(title, ' ', 2) from playlists"

    @property
    def arguments(self):
        return "load", "playlists", *map(str, sorted(self.folder.glob("*.json")))

    def write(self, conn):
        for number in range(self.files):
            starts = [(number * 31 + place + self.version) % len(IDS) for place in range(self.each)]
            lists = [(IDS + IDS)[start : start + self.length] for start in starts]
            first = number * self.each
            content = slice_of(*lists, first=first, title=f"{{}} {self.version}")
            (self.folder / f"{number}.json").write_bytes(content)

    def expected(self, conn):
        return [(str(pid), str(self.version)) for pid in range(self.files * self.each)]

    def check(self, conn):
        super().check(conn)
        places(conn)
        versions = "select max(count) from (select count(distinct split_part(title, ' ', 2)) from playlists group by source_id) as files"
        assert conn.execute(versions).fetchone()[0] in (None, 1)  # a file is one transaction


class Wikidata(Job):
    """10,000 items of 40 classes."""

    count = 10_000
    stored = "select wikidata_id, split_part(title, ' ', 2) from wikidata"

    @property
    def arguments(self):
        return "load", "wikidata", str(self.folder / "dump.json")

    def write(self, conn):
        lines = [
            entity(
                f"Q{number}", f"Item{number} {self.version} " + "x" * 2000,
                lastrevid=self.version, P31=[value(f"Q{number % 40 + 1}")],
            )
            for number in range(1, self.count + 1)
        ]  # fmt: skip
        (self.folder / "dump.json").write_bytes(dump_of(lines))

    def expected(self, conn):
        return [(f"Q{number}", str(self.version)) for number in range(1, self.count + 1)]

    def check_end(self, conn):
        super().check_end(conn)
        named = "select count(*) from wikidata where properties ->> 'P31' like %s"
        values = (f"Item% {self.version} x%",)
        assert conn.execute(named, values).fetchone() == (self.count,)
        counted = "select count(*), min(items), max(items) from classes"
        each = self.count // 40
        assert conn.execute(counted).fetchone() == (40, each, each)
        check_table(conn, "wikidata")


class Wikipedia(Job):
    """8,000 articles, each with a redirect."""

    count = 8_000
    stored = "select title, substring(wikitext from '^[0-9]+') from wikipedia"

    @property
    def arguments(self):
        return "load", "wikipedia", str(self.folder / "dump.xml")

    def write(self, conn):
        text = (
            f"{self.version} {{{{Infobox writer|image=a.jpg}}}} [[Category:Births]] " + "x" * 2000
        )
        pages = [
            page(f"Page {n}", text, id=n + 1, revision=self.version) for n in range(self.count)
        ]
        pages += [
            page(f"To {n}", id=n + 1 + self.count, redirect=f"Page {n}") for n in range(self.count)
        ]
        (self.folder / "dump.xml").write_text(wikipedia_dump_of(*pages))

    def expected(self, conn):
        return [(f"Page {number}", str(self.version)) for number in range(self.count)]

    def check_end(self, conn):
        super().check_end(conn)
        counted = "select count(*), count(distinct title) from wikipedia_redirects"
        assert conn.execute(counted).fetchone() == (self.count, self.count)
        check_table(conn, "wikipedia")


class Images(Job):
    """A folder of 150 pictures; their width is their version."""

    count = 150
    stored = "select location, width from image_sources join images using (image_id)"

    @property
    def arguments(self):
        return "load", "images", str(self.folder / "pictures")

    def write(self, conn):
        (self.folder / "pictures").mkdir(exist_ok=True)
        for number in range(self.count):
            content = photo((number, 99, 99), (400 + self.version, 330), compress_level=1)
            (self.folder / "pictures" / f"{number}.png").write_bytes(content)

    def expected(self, conn):
        return [(f"{number}.png", 400 + self.version) for number in range(self.count)]

    def check(self, conn):
        super().check(conn)
        lost = (
            "select count(*) from images where image_id not in (select image_id from image_sources)"
        )
        assert conn.execute(lost).fetchone() == (0,)

    def check_end(self, conn):
        super().check_end(conn)
        assert conn.execute("select count(*) from images").fetchone() == (self.count,)


class Icons(Job):
    """A font of 300 icons; their licence is their version."""

    count = 300
    stored = "select name, licence from icons where size = 32"

    @property
    def arguments(self):
        path = str(self.folder / "font.ttf")
        return "load", "icons", path, "--licence", str(self.version)

    def write(self, conn):
        glyphs = {
            f"icon{number}": (0xE000 + number, self.rectangles(number))
            for number in range(self.count)
        }
        (self.folder / "font.ttf").write_bytes(font(glyphs))

    def rectangles(self, number):
        """A frame, and nine squares, of which each is a bit of the number."""
        frame = [(0, 0, 1000, 50 + self.version), (0, 950, 1000, 1000)]
        cells = [(100 + 300 * (bit % 3), 130 + 280 * (bit // 3)) for bit in range(9)]
        return frame + [
            (x, y, x + 200, y + 200) for bit, (x, y) in enumerate(cells) if number >> bit & 1
        ]

    def expected(self, conn):
        return [(f"icon{number}", str(self.version)) for number in range(self.count)]

    def check(self, conn):
        super().check(conn)
        versions = "select count(distinct licence) from icons"
        assert conn.execute(versions).fetchone()[0] <= 1  # a set is one transaction


class TrainSongs(Playlists):
    """The song model, of playlists that are loaded before."""

    stored = """
        select track_id, 1 from song_vectors join deployments using (model_id)
    """

    @property
    def arguments(self):
        return "train", "songs", "--epochs", "1", "--artist-share", "1"

    def write(self, conn):
        """The playlists stay as they are."""

    def expected(self, conn):
        return conn.execute("select track_id, 1 from tracks").fetchall()

    def check(self, conn):
        super().check(conn)
        answer = "select count(*) from similar_songs(%s) having count(*) <> 10"
        if conn.execute("select from deployments where name = 'songs'").rowcount:
            assert conn.execute(answer, (IDS[5],)).fetchall() == []

    def check_end(self, conn):
        super().check_end(conn)
        query = "select count(*) from pg_class where relname ~ '^song_vectors_[0-9]+$'"
        assert conn.execute(query).fetchone()[0] <= 2  # the live model and its predecessor


class TrainImages(Job):
    """The vectors of pictures, 30 new ones in each version."""

    new = 30
    stored = "select image_id, 1 from image_vectors"
    arguments = ("train", "images")

    def write(self, conn):
        for number in range(self.new):
            add_picture(conn, shape("ring", self.version * self.new + number), "ring", "ring")

    def expected(self, conn):
        return conn.execute("select image_id, 1 from images").fetchall()

    def check_end(self, conn):
        super().check_end(conn)
        measured = "select count(*) from image_neighborhoods"
        assert conn.execute(measured).fetchone() == (self.version * self.new,)


class Sounds(Job):
    """A folder of 40 tagged sound files; their title has their version."""

    count = 40
    stored = "select location, title from sound_sources"

    @property
    def arguments(self):
        return "load", "audio", str(self.folder / "sounds")

    def write(self, conn):
        if self.version == 1:
            network = exported("tagger", lambda: musicnn.export(tagger.port(weights())))
            add_model(conn, "tagger", network, tags=tagger.read_labels("mtt"))
        for number in range(self.count):
            path = self.folder / "sounds" / f"{number}.wav"
            write_sound(path, tone(number=number), title=self.title(number), artist="Ann")

    def title(self, number: int) -> str:
        return f"Sound {number} of version {self.version}"

    def expected(self, conn):
        return [(f"{number}.wav", self.title(number)) for number in range(self.count)]

    def check(self, conn):
        super().check(conn)
        for table in ("sounds", "sound_embeddings"):
            lost = f"select from {table} where sound_id not in (select sound_id from sound_sources)"
            assert conn.execute(lost).rowcount == 0, table
        lost = "select from tracks where track_id not in (select track_id from sound_sources)"
        assert conn.execute(lost).rowcount == 0

    def check_end(self, conn):
        super().check_end(conn)
        assert conn.execute("select count(*) from sound_embeddings").fetchone() == (self.count,)


def weights() -> Path:
    """The installed weights of the tagger."""
    if not (HOME / "samples" / "musicnn").is_dir():
        pytest.skip("needs the sample packages: ./pgmuse setup")
    return tagger.find_weights("mtt")


def check_table(conn: psycopg.Connection, table: str) -> None:
    """No staging table is left, and no index is missing."""
    left = "select count(*) from pg_class where relname ~ %s"
    assert conn.execute(left, (f"^{table}_[0-9]",)).fetchone() == (0,)
    indexes = "select count(*) from pg_indexes where tablename = %s"
    assert conn.execute(indexes, (table,)).fetchone() == (6,)


LOADS = {
    "playlists": Playlists,
    "wikidata": Wikidata,
    "wikipedia": Wikipedia,
    "images": Images,
    "sounds": Sounds,
    "icons": Icons,
}
JOBS = LOADS | {"train songs": TrainSongs, "train images": TrainImages}
