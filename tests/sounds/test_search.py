"""What sounds alike, in SQL and by the command."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
import soundfile
from typer.testing import CliRunner

from loaders import topics
from loaders.cli.app import build_app
from loaders.core.errors import Problem
from loaders.sounds.listening import is_sound
from loaders.sounds.tagger import train as tagger
from loaders.sounds.train import train
from tests.factories.loads import load_sounds
from tests.factories.pictures import photo
from tests.factories.rows import add_model, add_track
from tests.factories.sounds import padded, publish_sounds, tone, write_sound
from tests.servers import postgres

INSTRUMENTS = ("flute", "strings", "drums")


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Path:
    """Three sounds of each of three instruments."""
    folder = tmp_path_factory.mktemp("music")
    for kind in INSTRUMENTS:
        for number in range(3):
            path = folder / f"{kind} {number}.flac"
            write_sound(path, tone(kind, number), title=f"{kind} {number}", artist=kind)
    return folder


@pytest.fixture(scope="module")
def filled_library(server, network, music):
    """A database with these sounds, trained once for all tests here."""

    def fill(conn: psycopg.Connection) -> None:
        add_model(conn, "tagger", network, tags=tagger.read_labels("mtt"))
        load_sounds(conn, music)
        train(conn)

    with postgres.filled(server, "sound_library", fill) as connect:
        yield connect


@pytest.fixture
def library(filled_library) -> Iterator[psycopg.Connection]:
    """A connection to the library, for reading."""
    with filled_library() as conn:
        yield conn


@pytest.fixture
def shelf(db) -> psycopg.Connection:
    """Songs with vectors of a few numbers, in a transaction that is rolled back."""
    model_id = add_model(db, "sounds", tagger=1, centre=[0.0] * 200)
    db.execute("select muse.create_partition('sound_vectors', %s)", (model_id,))
    db.execute("select muse.attach_partition('sound_vectors', %s)", (model_id,))
    return db


def add_vector(conn: psycopg.Connection, track_id: str, degrees: float, **values: object) -> None:
    """A track whose vector is at an angle."""
    turned = [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))]
    add_track(conn, track_id, **values)
    conn.execute(
        "insert into muse.sound_vectors values (live_model('sounds'), %s, %s::real[]::vector)",
        (track_id, padded(turned, 200)),
    )


def wav(pcm: np.ndarray, rate: int = 22_050) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, pcm, rate, "PCM_16", format="WAV")
    return out.getvalue()


def ids(conn: psycopg.Connection, query: str, *values: object) -> list[str]:
    return [row[0] for row in conn.execute(query, values)]


@pytest.mark.parametrize("kind", INSTRUMENTS)
def test_a_track_finds_those_of_its_instrument(library, kind):
    query = "select track_id from similar_sounds(%s, 2)"
    others = {f"{kind} - {kind} 1", f"{kind} - {kind} 2"}
    assert set(ids(library, query, f"{kind} - {kind} 0")) == others
    assert set(ids(library, query, f"{kind.upper()} – {kind} 0")) == others  # its name


@pytest.mark.parametrize("kind", INSTRUMENTS)
def test_a_wav_file_finds_those_of_its_instrument(library, kind):
    query = "select artist, similarity from sounds_like(%s, 3)"
    rows = library.execute(query, (wav(tone(kind, 7)),)).fetchall()
    assert [row[0] for row in rows] == [kind] * 3
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)


def test_a_wav_file_in_sql_is_what_the_loader_hears(library):
    (row,) = library.execute(
        "select similarity from sounds_like(%s, 1)", (wav(tone("strings", 0)),)
    ).fetchall()
    assert row[0] > 0.99


def test_tags_have_scores_in_order(library):
    rows = library.execute("select * from song_tags('flute - flute 0', n => 50)").fetchall()
    assert len(rows) == 50
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    assert "flute" in [tag for tag, _ in rows[:3]]
    assert all(0 <= score <= 1 for _, score in rows)
    assert "beat" in ids(library, "select tag from song_tags('drums - drums 0', 3)")


def test_a_reader_may_search(library):
    library.execute("set role muse_reader")
    assert ids(library, "select track_id from similar_sounds('flute - flute 0', 1)")
    assert ids(library, "select tag from song_tags('flute - flute 0', 1)")
    assert ids(library, "select track_id from sounds_like(%s, 1)", wav(tone()))
    library.execute("reset role")


def test_a_track_without_a_sound_is_noted(shelf):
    notices = []
    shelf.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    add_track(shelf, "mute")
    assert ids(shelf, "select track_id from similar_sounds('mute')") == []
    assert ids(shelf, "select track_id from similar_sounds('unknown')") == []
    assert ids(shelf, "select tag from song_tags('mute')") == []
    assert notices == [
        "track mute has no sound in the live model",
        "track unknown has no sound in the live model",
        "track mute has no sound",
    ]


def test_one_version_of_each_song_is_listed(shelf):
    for degrees, track_id in enumerate(["seed", "a", "b", "c"]):
        add_vector(shelf, track_id, 10 * degrees)
    add_vector(shelf, "seed again", 0, name="Seed")
    for number in range(3):
        add_vector(shelf, f"a{number}", 10, name="A", places=5 + number)
    query = "select track_id from similar_sounds('seed', 3)"
    assert ids(shelf, query) == ["a2", "b", "c"]  # of equal versions that with the most places


@pytest.mark.long
def test_the_index_is_walked_and_finds_all_rows(fresh):
    """The plan of the query in the function's body first: a scan would find all rows anyway."""
    fresh.execute("update muse.vector_indexes set from_rows = 0 where table_name = 'sound_vectors'")
    random = np.random.default_rng(0)
    model_id = publish_sounds(fresh, {f"t{i}": random.normal(size=20) for i in range(3000)})
    fresh.execute(
        "insert into muse.tracks (track_id, name, artist) select track_id, track_id, 'Ann' "
        "from sound_vectors"
    )
    fresh.execute("set plan_cache_mode = force_generic_plan")
    fresh.execute(
        "prepare near(bigint, vector, text, int) as select track_id from muse.sound_vectors as v "
        "where v.model_id = $1 and v.track_id <> $3 order by v.embedding <#> $2 limit $4"
    )
    vector = padded([1], 200)
    plan = fresh.execute(f"explain execute near({model_id}, '{vector}', 't1', 10)").fetchall()
    assert "Index Scan using sound_vectors" in "\n".join(row[0] for row in plan)
    assert len(set(ids(fresh, "select track_id from similar_sounds('t0', 1000)"))) == 1000
    assert fresh.execute("select recall from recall('sound_vectors', 10, 50)").fetchone()[0] > 0.9
    assert fresh.execute("select check_recall()").fetchone() == (1,)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", wav(tone())[:40], wav(np.zeros(60_000, np.float32)), b"OggS" + bytes(50)],
)
def test_bytes_that_are_no_wav_file_or_silent_are_an_error_that_says_so(library, content):
    with pytest.raises(psycopg.errors.DataException) as caught:
        library.execute("select * from sounds_like(%s)", (content,))
    assert caught.value.sqlstate == "22000"
    assert caught.value.diag.message_hint


def test_null_gives_no_rows(library):
    assert ids(library, "select track_id from sounds_like(null)") == []
    assert library.execute("select sound_features(null, 1)").fetchone() in [
        (None,),
        ((None, None),),
    ]


@pytest.mark.parametrize("call", ["similar_sounds('a')", "sounds_like('x')", "song_tags('a')"])
def test_without_a_model_the_error_says_what_to_run(db, call):
    with pytest.raises(psycopg.errors.UndefinedObject) as caught:
        db.execute(f"select * from {call}")
    assert caught.value.diag.message_hint.startswith("run: ./pgmuse train ")


def test_the_command_searches_by_a_file_of_any_format(library, tmp_path, monkeypatch):
    monkeypatch.setenv("PGDATABASE", library.info.dbname)
    path = write_sound(tmp_path / "song.opus", np.repeat(tone("drums", 5), 2), 48_000)
    result = CliRunner().invoke(build_app(topics.TOPICS), ["search", str(path), "-n", "3"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["similarity", "artist", "title"]
    assert len(lines) == 4
    assert "drums" in lines[1]


def test_the_command_refuses_what_is_neither_picture_nor_sound(library, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    os.mkfifo(tmp_path / "pipe.wav")
    app = build_app(topics.TOPICS)
    reasons = {
        "a.txt": "neither a picture nor a sound",
        "b": "No such file",
        "pipe.wav": "a pipe or a device",
    }
    for name, reason in reasons.items():
        result = CliRunner().invoke(app, ["search", str(tmp_path / name)])
        assert isinstance(result.exception, Problem)
        assert reason in str(result.exception)


def test_a_file_is_of_one_topic():
    assert is_sound(wav(tone()))
    assert not is_sound(photo(kind="WEBP"))  # RIFF too
    assert not is_sound(photo(kind="JPEG"))
