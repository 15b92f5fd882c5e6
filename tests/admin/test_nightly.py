"""A night: the source of every topic changes, cron's line runs, and SQL has the changes."""

import subprocess

import pytest

from loaders.admin import cron
from loaders.icons.load import IconOptions
from loaders.icons.load import load_all as load_icons
from loaders.images.train import train as train_images
from loaders.songs import load as playlists
from loaders.songs import train as songs
from loaders.songs.word2vec import Word2VecSettings
from loaders.wikidata.options import WikidataOptions
from loaders.wikipedia.load import WikipediaOptions
from tests.factories.albums import add_classifier
from tests.factories.loads import load_wikidata, load_wikipedia
from tests.factories.pictures import encoded, load_path, shape
from tests.factories.playlists import IDS, slice_of
from tests.factories.wikidata import FRAMINGS, entity, small, value
from tests.factories.wikipedia import dump_of, page

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M0 0h{}v9H0z"/></svg>'
BARE = {"HOME": "/root", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}  # cron's


@pytest.fixture
def files(tmp_path):
    """Write the sources of all topics, today's or tomorrow's; returns their folder."""

    def write(*, later: bool):
        count = 40 if later else 30
        lists = [IDS[i : i + 20] for i in range(count)]
        (tmp_path / "mpd.slice.0-9.json").write_bytes(slice_of(*lists))
        more = [entity("Q30", "Kitty", P31=[value("Q146")])] if later else []
        (tmp_path / "items.json").write_text(FRAMINGS["dump"]([*small(), *more]))
        pages = [page("Cat", "{{Infobox pet}}"), *([page("Dog", "A dog", id=2)] if later else [])]
        (tmp_path / "dump.xml").write_text(dump_of(*pages))
        for folder in ("album", "icons"):
            (tmp_path / folder).mkdir(exist_ok=True)
        for number in range(4 if later else 3):
            kind = "bar" if number == 3 else "ring"
            picture = encoded(shape(kind, number))
            (tmp_path / "album" / f"{kind} {number}.png").write_bytes(picture)
            (tmp_path / "icons" / f"icon{number}.svg").write_text(SVG.format(number + 2))
        return tmp_path

    return write


@pytest.fixture
def loaded(muse, flatbuffer, files):
    """A database with a source of every topic, and its models."""
    folder = files(later=False)
    playlists.load(muse, str(folder / "mpd.slice.0-9.json"))
    songs.train(muse, Word2VecSettings(epochs=1), songs.PlaylistFilter(artist_share=1, longest=200))
    load_wikidata(muse, WikidataOptions(source=str(folder / "items.json"), workers=0))
    load_wikipedia(muse, WikipediaOptions(source=str(folder / "dump.xml"), workers=0))
    load_icons(muse, IconOptions(kind="icon", sources=(str(folder / "icons"),)))
    add_classifier(muse, flatbuffer)
    load_path(muse, folder / "album")
    train_images(muse, 1)
    return muse


def run_cron(job: str) -> str:
    """Run the line of a job as cron does; returns its output."""
    line = next(one for one in cron.crontab_lines("03:17") if f" {job} " in one)
    command = line.split(maxsplit=5)[5].partition(" >> ")[0].replace(r"\%", "%")
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=BARE, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_changes_of_every_topic_arrive(loaded, files):
    files(later=True)
    output = run_cron("refresh")
    count = "select count(*) from {}"
    expected = {
        "playlists": 40, "wikidata where title = 'Kitty'": 1, "wikipedia": 2,
        "icons where size = 32": 4, "images": 4, "image_vectors": 4,
    }  # fmt: skip
    rows = {table: loaded.execute(count.format(table)).fetchone()[0] for table in expected}
    assert rows == expected, output
    title = "select title from similar_images(%s, 1)"
    assert loaded.execute(title, (encoded(shape("bar", 3)),)).fetchone() == ("bar",)
    trained = "select count(*) from models where name = 'songs'"
    assert loaded.execute(trained).fetchone() == (2,)
    assert loaded.execute("select count(distinct sample_id) from radio_samples").fetchone() == (12,)
    (status, message) = loaded.execute("select status, message from job_runs").fetchone()
    assert (status, message) == ("done", "5 loaded, updated: songs, images")
    assert loaded.execute("select from health where status = 'bad'").rowcount == 0
    assert "refresh: 5 loaded" in output
    assert run_cron("refresh") == ""  # nothing changed
