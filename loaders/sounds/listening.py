"""Decode sound files and run the tagger on them in worker processes.

A file that crashes its process, or takes too much time or memory, is a BadSound.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

from loaders.core.console import quiet
from loaders.core.entries import UNPRINTABLE
from loaders.core.workers import Pool, WorkerDied
from udfs import runtime, sounds
from udfs.sound_patches import Array, BadSound, check_format, mono, patches

MEMORY = 4 << 30  # bytes of address space of a worker process
SECONDS = 60  # timeout of one file
FILE_BYTES = 4 << 30
FORMATS = {"WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3"}  # of libsndfile; Opus is in Ogg
TEXT_LENGTH = 1000  # characters of a tag; the rest is cut off
STARTS = (b"fLaC", b"OggS", b"ID3")
UNKNOWN_LENGTH = 2**63 - 1  # frames, of FLAC from a pipe


class SoundTags(NamedTuple):
    """The tags of a file. recording: its MusicBrainz id."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    licence: str | None = None
    recording: str | None = None


class PreparedSound(NamedTuple):
    """A file's hash and tags, and the tagger's output.

    heard: the means over the patches; of silence its number of patches is 0.
    """

    sha256: bytes
    tags: SoundTags
    seconds: float
    rate: int
    channels: int
    heard: sounds.Heard


class Listener:
    """Reads sound files in worker processes, each with the tagger loaded."""

    def __init__(self, network: bytes, workers: int) -> None:
        self._pool = Pool(workers, _open, network, memory=MEMORY)

    def submit(self, path: Path) -> "Future[PreparedSound]":
        """Begin to read a file; pass the future to `result`."""
        return self._pool.submit(prepare, path, timeout=SECONDS)

    def result(self, future: "Future[PreparedSound]") -> PreparedSound:
        """Wait for a file. Errors: BadSound; OSError where the file cannot be read."""
        try:
            return future.result()
        except (WorkerDied, TimeoutError):
            raise BadSound(
                f"it crashes the process that decodes it, or takes more than {SECONDS} s"
            ) from None

    def close(self) -> None:
        self._pool.close()


_network: Any = None  # of this worker process


def _open(network: bytes) -> None:
    # Imported in workers only: other commands run without the extra `audio`.
    import soundfile  # noqa: F401
    import tinytag  # noqa: F401

    global _network
    with quiet():
        _network = runtime.open_network(network)
    # libmpg123 writes a line for each damaged frame.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def prepare(path: Path) -> PreparedSound:
    """Read a file. Errors: BadSound; OSError where the file cannot be read."""
    import soundfile

    assert _network is not None
    try:
        with path.open("rb") as file:
            if not is_sound(file.read(12)):
                raise BadSound("neither WAV, FLAC, Ogg, Opus nor MP3")
            if path.stat().st_size > FILE_BYTES:
                raise BadSound(f"more than {FILE_BYTES:,} bytes")
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").digest()
        with soundfile.SoundFile(os.fsencode(path)) as sound:  # the name may not be UTF-8
            if sound.format not in FORMATS:
                raise BadSound(f"{sound.format} is not read: convert it to FLAC or MP3")
            if sound.frames >= UNKNOWN_LENGTH:
                raise BadSound("its header does not say how long it is: encode it again")
            check_format(sound.samplerate, sound.channels, sound.frames)
            heard = sounds.hear(_network, pieces(sound))
            seconds = sound.frames / sound.samplerate
            return PreparedSound(
                digest, read_tags(path), seconds, sound.samplerate, sound.channels, heard
            )
    except soundfile.LibsndfileError as error:
        raise BadSound(f"it cannot be decoded: {error.error_string}") from None
    except MemoryError:
        raise BadSound("it takes too much memory to decode") from None


def pieces(sound: Any) -> Iterator[Array]:
    """The patches of an open soundfile.SoundFile. Errors: BadSound."""

    def read(first: int, count: int) -> Array:
        sound.seek(min(first, sound.frames))
        return mono(sound.read(count, dtype="float32", always_2d=True))

    return patches(sound.samplerate, sound.frames, read)


def is_sound(start: bytes) -> bool:
    """Whether a file that starts with these bytes may be of a format that is read."""
    is_mp3 = len(start) > 1 and start[0] == 0xFF and start[1] & 0xE6 == 0xE2  # layer 3
    is_wav = start[:4] in (b"RIFF", b"RF64") and start[8:12] == b"WAVE"
    return start.startswith(STARTS) or is_wav or is_mp3


def read_tags(path: Path) -> SoundTags:
    """The tags of a file; none where they cannot be read."""
    from tinytag import TinyTag, TinyTagException

    try:
        tags = TinyTag.get(path, duration=False)
    except (TinyTagException, ValueError, LookupError, ArithmeticError, TypeError):
        return SoundTags()
    other = {name.casefold(): values for name, values in (tags.other or {}).items()}

    def first(name: str) -> str | None:
        return _text(next(iter(other.get(name) or ()), None))

    return SoundTags(
        _text(tags.title),
        _text(tags.artist) or _text(tags.albumartist),
        _text(tags.album),
        first("license") or first("licence"),
        first("musicbrainz_trackid"),
    )


def _text(value: object) -> str | None:
    """A tag that Postgres can store."""
    text = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", _decoded(str(value or "")[:TEXT_LENGTH]))
    return text.strip() or None


def _decoded(text: str) -> str:
    """The text; where a program wrote UTF-8 into a tag of Latin-1, as it was meant."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
