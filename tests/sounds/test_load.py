"""A folder of sound files becomes sounds and tracks; loading it again reads only what changed."""

import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from loaders.admin.forget import forget_source
from loaders.admin.refresh import refresh
from loaders.core.config import ROOT
from loaders.core.errors import Problem
from loaders.songs.refresh import retrain as retrain_songs
from loaders.sounds import batches, names
from loaders.sounds.forget import forget_sound
from loaders.sounds.listening import SoundTags, prepare
from tests.factories.loads import load_files, load_sounds
from tests.factories.rows import add_track
from tests.factories.sounds import tone, write_sound

FILES = "select track_id, title, artist, album, licence from sound_files order by track_id"
ERRORS = "select place, reason from load_errors order by place"


def count(conn, table: str) -> int:
    return conn.execute(f"select count(*) from muse.{table}").fetchone()[0]


def test_a_folder_with_tags(listening, folder):
    assert load_sounds(listening, folder)
    assert listening.execute(FILES).fetchall() == [
        ("ann - flute 0", "Flute 0", "Ann", "Air", "CC0"),
        ("ann - flute 1", "Flute 1", "Ann", "Air", "CC0"),
        ("bob - strings", "Strings", "Bob", "Low", None),
    ]
    seconds, patches, embedding, tags = listening.execute(
        "select seconds, patches, embedding, tags from sounds join sound_embeddings using (sound_id)"
        " join sound_sources using (sound_id) where title = 'Flute 0'"
    ).fetchone()
    assert (seconds, patches) == (4, 1)
    assert len(embedding.to_list()) == 200
    assert len(tags) == 50
    assert all(0 <= score <= 1 for score in tags)
    assert listening.execute("select name, places from tracks order by 1").fetchall() == [
        ("Flute 0", 0), ("Flute 1", 0), ("Strings", 0),
    ]  # fmt: skip


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "opus", "mp3"])
def test_every_format_has_tags_and_sounds_the_same(listening, tmp_path, ending):
    rate = 48_000 if ending == "opus" else 44_100
    pcm = np.interp(np.arange(4 * rate) / rate, np.arange(4 * 22_050) / 22_050, tone("strings"))
    stereo = np.stack([pcm, pcm], axis=1).astype(np.float32)
    write_sound(tmp_path / "original" / "a.wav", stereo, rate, title="A", artist="Ann")
    write_sound(tmp_path / "other" / f"b.{ending}", stereo, rate, title="B", artist="Ann")
    assert load_sounds(listening, tmp_path)
    rows = listening.execute(
        "select s.title, s.artist, e.embedding from sound_sources as s "
        "join sound_embeddings as e using (sound_id) order by s.title"
    ).fetchall()
    assert [row[:2] for row in rows] == [("A", "Ann"), ("B", "Ann")]
    one, other = (row[2].to_numpy() for row in rows)
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.97


def test_a_file_joins_the_track_of_a_playlist(listening, folder, write_list):
    load_files(listening, [write_list("Ann - Flute 0", "Zoe - Other")])
    before = listening.execute("select track_id, places from tracks order by 1").fetchall()
    assert load_sounds(listening, folder / "ann")
    tracks = dict(listening.execute("select track_id, places from tracks").fetchall())
    assert tracks == dict(before) | {"ann - flute 1": 0}
    album = "select album from tracks where track_id = 'ann - flute 0'"
    assert listening.execute(album).fetchone() == ("Air",)  # filled by the file


def test_a_recording_that_is_stored_under_its_address_is_joined(listening, tmp_path, monkeypatch):
    address = "https://musicbrainz.org/recording/0a6c4b8e-0000-4000-8000-000000000001"
    add_track(listening, address, name="Flute", artist="Ann")
    tags = SoundTags("Flute", "Ann", recording=address.rpartition("/")[2])

    def track_of(path, _, seconds):
        return names.track_of(path, tags, seconds)

    monkeypatch.setattr(batches, "track_of", track_of)
    load_sounds(listening, write_sound(tmp_path / "a.wav"))
    assert listening.execute("select track_id from sound_sources").fetchall() == [(address,)]
    assert count(listening, "tracks") == 1


@pytest.mark.parametrize("recording", ["x" * 900, "../..", "?token=1", "é"])
def test_a_recording_that_is_no_id_is_ignored(tmp_path, recording):
    track, others = names.track_of(tmp_path, SoundTags("Flute", "Ann", recording=recording), 4.0)
    assert (track.track_id, others) == ("ann - flute", [])


@pytest.fixture
def write_list(tmp_path):
    def write(*lines: str) -> str:
        path = tmp_path / "list.m3u"
        path.write_text("\n".join(f"#EXTINF:4,{line}\n{line}.mp3" for line in lines))
        return str(path)

    return write


def test_nothing_is_read_twice(listening, folder, monkeypatch):
    load_sounds(listening, folder)
    before = listening.execute("select sound_id, stored_at from sounds order by 1").fetchall()
    runs = "select loaded, unchanged from load_runs order by run_id"
    load_sounds(listening, folder)
    assert listening.execute(runs).fetchall() == [(3, 0)]
    write_sound(folder / "ann" / "new.wav", tone("drums"), title="New", artist="Ann")
    assert refresh(listening, "sounds")
    assert listening.execute(runs).fetchall() == [(3, 0), (1, 3)]
    after = listening.execute("select sound_id, stored_at from sounds order by 1").fetchall()
    assert after[:3] == before
    assert load_sounds(listening, folder, again=True)
    assert listening.execute(runs).fetchall()[-1] == (4, 0)
    assert count(listening, "sounds") == 4


def test_a_changed_file_is_read_again_and_its_old_track_goes(listening, folder):
    load_sounds(listening, folder)
    write_sound(folder / "ann" / "0.flac", tone("pluck"), title="Harp", artist="Ann")
    load_sounds(listening, folder)
    tracks = listening.execute("select track_id from tracks order by 1").fetchall()
    assert tracks == [("ann - flute 1",), ("ann - harp",), ("bob - strings",)]
    assert count(listening, "sounds") == count(listening, "sound_embeddings") == 3


def test_another_tagger_hears_all_files_again(listening, folder, network):
    load_sounds(listening, folder)
    listening.execute("update muse.deployments set model_id = model_id")
    second = listening.execute(
        "insert into muse.models (name, config, content) values ('tagger', '{}', %s) "
        "returning model_id", (network,),
    ).fetchone()[0]  # fmt: skip
    listening.execute("update muse.deployments set model_id = %s", (second,))
    load_sounds(listening, folder)
    heard = "select count(*) from sound_embeddings where model_id = %s"
    assert listening.execute(heard, (second,)).fetchone() == (3,)
    assert count(listening, "sounds") == 3


def test_silence_is_parked(listening, tmp_path):
    write_sound(tmp_path / "quiet.wav", np.zeros(80_000, np.float32), title="4'33", artist="Cage")
    assert load_sounds(listening, tmp_path)
    patches, parked = listening.execute("select patches, parked from sounds").fetchone()
    assert patches == 0
    assert parked.startswith("silence")
    assert count(listening, "sound_embeddings") == 0
    load_sounds(listening, tmp_path)
    assert count(listening, "load_runs") == 1


def test_files_that_cannot_be_used_are_listed_with_their_reason(listening, tmp_path):
    write_sound(tmp_path / "good.wav")
    content = write_sound(tmp_path / "cut.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(content[:40])
    (tmp_path / "text.mp3").write_text("hello")
    (tmp_path / "song.m4a").write_bytes(b"\0\0\0 ftypM4A ")
    write_sound(tmp_path / "short.wav", tone(seconds=0.1))
    (tmp_path / "aiff.wav").write_bytes(b"FORM" + bytes(60))
    assert load_sounds(listening, tmp_path)
    reasons = dict(listening.execute(ERRORS).fetchall())
    assert set(reasons) == {"cut.flac", "text.mp3", "song.m4a", "short.wav", "aiff.wav"}
    assert reasons["text.mp3"] == reasons["aiff.wav"] == "neither WAV, FLAC, Ogg, Opus nor MP3"
    assert "M4A is not read: convert it" in reasons["song.m4a"]
    assert "it has 0.10 s" in reasons["short.wav"]
    assert "cannot be decoded" in reasons["cut.flac"]


def test_a_file_without_a_title_is_named_by_its_path_as_in_a_playlist(listening, tmp_path):
    paths = [tmp_path / "Ann - Air.wav", tmp_path / "Bob" / "Low" / "02 memo.wav"]
    for number, path in enumerate(paths):
        write_sound(path, tone("drums", number))
    (tmp_path / "list.m3u").write_text("\n".join(map(str, paths)))
    load_files(listening, [str(tmp_path / "list.m3u")])
    before = listening.execute("select track_id from tracks order by 1").fetchall()
    load_sounds(listening, tmp_path)
    assert listening.execute("select track_id from tracks order by 1").fetchall() == before
    rows = listening.execute("select title, artist from sound_sources order by 1").fetchall()
    assert rows == [("Air", "Ann"), ("memo", "Bob")]


def test_numbers_of_several_albums_are_several_tracks(listening, tmp_path):
    paths = ["Bob/Low/01.wav", "Bob/High/01.wav", "Bob/High/CD2/Track 01.wav"]
    for number, path in enumerate(paths):
        write_sound(tmp_path / path, tone("drums", number))
    load_sounds(listening, tmp_path)
    rows = listening.execute("select title, artist from sound_sources order by 1").fetchall()
    assert rows == [("High - 01", "Bob"), ("High - CD2 - Track 01", "Bob"), ("Low - 01", "Bob")]
    assert count(listening, "tracks") == 3


def test_a_name_that_is_not_utf8_ends_no_load(listening, tmp_path):
    write_sound(tmp_path / "a.wav", title="A", artist="Ann")
    content = write_sound(tmp_path / "b.wav", tone("drums"), title="B", artist="Ann").read_bytes()
    (tmp_path / "b.wav").unlink()
    with open(os.fsencode(tmp_path) + b"/caf\xe9.wav", "wb") as file:
        file.write(content)
    assert load_sounds(listening, tmp_path)
    rows = listening.execute("select title, location from sound_files order by 1").fetchall()
    assert rows == [("A", "a.wav"), ("B", r"caf\xdce9.wav")]


def test_utf8_in_tags_of_latin1_is_read_as_it_was_meant(listening, tmp_path):
    # libsndfile writes such tags.
    write_sound(tmp_path / "a.mp3", tone(), title="Ágætis", artist="Sigur Rós")
    load_sounds(listening, tmp_path)
    rows = listening.execute("select title, artist from sound_files").fetchall()
    assert rows == [("Ágætis", "Sigur Rós")]


def test_a_flac_without_a_length_is_left_out_with_its_reason(listening, tmp_path):
    write_sound(tmp_path / "a.wav")
    content = bytearray(write_sound(tmp_path / "b.flac").read_bytes())
    content[21] &= 0xF0  # the lower half of this byte and the next four are the length
    content[22:26] = bytes(4)
    (tmp_path / "b.flac").write_bytes(content)
    assert load_sounds(listening, tmp_path)
    ((_, reason),) = listening.execute(ERRORS).fetchall()
    assert reason == "its header does not say how long it is: encode it again"


def test_a_folder_without_sounds_fails_and_changes_nothing(listening, folder, capsys):
    load_sounds(listening, folder)
    shutil.rmtree(folder)
    folder.mkdir()
    assert not load_sounds(listening, folder)
    assert "no sound in it can be used" in capsys.readouterr().err
    assert count(listening, "sounds") == 3


def test_prune_deletes_sounds_whose_file_is_gone(listening, folder):
    load_sounds(listening, folder)
    (folder / "ann" / "0.flac").unlink()
    load_sounds(listening, folder)
    assert count(listening, "sounds") == 3
    assert load_sounds(listening, folder, prune=True)
    assert count(listening, "sounds") == count(listening, "tracks") == 2


def test_copies_are_one_sound_and_forgetting_keeps_what_others_have(listening, folder, tmp_path):
    load_sounds(listening, folder)
    copy = tmp_path / "copy.flac"
    shutil.copy(folder / "ann" / "0.flac", copy)
    load_sounds(listening, copy)
    assert (count(listening, "sounds"), count(listening, "sound_sources")) == (3, 4)
    assert forget_source(listening, str(folder)) == {"sounds": 2}
    assert listening.execute(FILES).fetchall() == [
        ("ann - flute 0", "Flute 0", "Ann", "Air", "CC0")
    ]
    assert count(listening, "tracks") == 1
    (sound_id,) = listening.execute("select sound_id from sounds").fetchone()
    forget_sound(listening, sound_id)
    assert count(listening, "tracks") == count(listening, "sound_embeddings") == 0
    with pytest.raises(Problem, match="there is no sound"):
        forget_sound(listening, sound_id)


def test_a_forgotten_playlist_keeps_tracks_that_have_a_sound(listening, folder, write_list):
    path = write_list("Ann - Flute 0", "Zoe - Other")
    load_files(listening, [path])
    load_sounds(listening, folder)
    forget_source(listening, path)
    tracks = listening.execute("select track_id, places from tracks order by 1").fetchall()
    assert ("ann - flute 0", 0) in tracks
    assert len(tracks) == 3


def test_a_training_of_songs_keeps_tracks_that_have_a_sound_and_no_place(listening, folder):
    load_sounds(listening, folder)
    add_track(listening, "unused", places=0)
    retrain_songs(listening)
    tracks = listening.execute("select track_id from tracks order by 1").fetchall()
    assert tracks == [("ann - flute 0",), ("ann - flute 1",), ("bob - strings",)]


def test_without_a_tagger_the_error_says_what_to_run(fresh, folder):
    with pytest.raises(Problem, match="run ./pgmuse train tagger"):
        load_sounds(fresh, folder)


def kill_worker(path):
    """Simulates a crash in native code."""
    if path.name == "deadly.wav":
        os.kill(os.getpid(), signal.SIGKILL)
    return prepare(path)


@pytest.mark.long
def test_a_file_that_kills_its_process_is_left_out_and_no_other(listening, folder, monkeypatch):
    monkeypatch.setattr("loaders.sounds.listening.prepare", kill_worker)
    write_sound(folder / "deadly.wav")
    assert load_sounds(listening, folder)
    assert count(listening, "sounds") == 3
    ((place, reason),) = listening.execute(ERRORS).fetchall()
    assert place == "deadly.wav"
    assert "crashes the process" in reason


@pytest.mark.long
def test_a_load_that_was_stopped_goes_on(listening, folder, monkeypatch):
    for number in range(4):
        write_sound(folder / f"{number}.wav", tone("drums", number), title=str(number), artist="C")
    monkeypatch.setattr(batches, "BATCH", 2)
    really, stored = batches.store, []

    def store(*arguments):
        if stored:
            raise KeyboardInterrupt
        stored.append(really(*arguments))

    monkeypatch.setattr(batches, "store", store)
    with pytest.raises(KeyboardInterrupt):
        load_sounds(listening, folder)
    monkeypatch.setattr(batches, "store", really)
    assert count(listening, "sounds") == 2
    assert load_sounds(listening, folder)
    runs = listening.execute(
        "select status, loaded, unchanged from load_runs order by 1"
    ).fetchall()
    assert runs == [("done", 5, 2), ("failed", 2, 0)]


def test_other_commands_run_without_the_extra_of_audio():
    """A refresh and a search import this topic, on machines that have no sound files too."""
    modules = ["refresh", "search", "forget", "demo", "cli", "listening"]
    code = (
        "import sys; sys.modules.update(soundfile=None, tinytag=None)\n"
        f"import {', '.join(f'loaders.sounds.{name}' for name in modules)}\n"
        "from loaders.cli import missing_module\n"
        "print(missing_module(ModuleNotFoundError(name='soundfile')))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "this needs soundfile: PGMUSE_EXTRAS=audio ./pgmuse setup\n"
