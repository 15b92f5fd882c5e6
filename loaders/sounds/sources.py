"""Sources of sound: folders, single files, and the sample package."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loaders.core.config import HOME
from loaders.core.entries import BadEntry, printable
from loaders.core.errors import Problem
from loaders.core.locations import Scan
from loaders.core.sources import Source, without_login
from loaders.sounds import files
from loaders.sounds.files import SoundFile
from loaders.sounds.options import SoundOptions

SAMPLE = "singularity"
# Of Debian's package, unpacked by set-up or installed.
SAMPLE_FOLDERS = (HOME / "samples" / "debian", Path("/"))
MUSIC = "usr/share/games/singularity/music"


@dataclass(frozen=True)
class SoundSource:
    """Sound files of a source, and the values of its row in muse.sources.

    stored_options: options for a refresh. scan: filled while `sounds` is read. may_prune: whether
    `sounds` is the complete source.
    """

    name: str
    sounds: Iterable[SoundFile | BadEntry]
    fingerprint: str | None
    stored_options: dict[str, Any] = field(default_factory=dict)
    scan: Scan = field(default_factory=Scan)
    may_prune: bool = False


def path_source(path: Path, options: SoundOptions, tagger: int) -> SoundSource:
    """The sound files of a folder, or one file. Errors: Problem where the path does not exist.

    tagger: the model that hears them; another one reads all files again.
    """
    if not path.exists():
        raise Problem(f"{without_login(path)}: no such file or folder")
    source, full = Source(str(path)), path.resolve()
    fingerprint = source.fingerprint(tagger, options.prune)
    if not path.is_dir():
        if not path.is_file():
            raise Problem(f"{without_login(path)}: neither a file nor a folder")
        entry = files.one_file(full, printable(path.name))
        return SoundSource(source.name, [entry], fingerprint)
    stored = {"prune": True, "max_prune": options.max_prune} if options.prune else {}
    scan = Scan(full)
    sounds = files.in_folder(full, scan)
    return SoundSource(source.name, sounds, fingerprint, stored, scan, may_prune=True)


def sample_source(tagger: int) -> SoundSource | None:
    """The sample package; None where it is not installed."""
    folders = (root / MUSIC for root in SAMPLE_FOLDERS)
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        return None
    scan = Scan(folder)
    fingerprint = Source(str(folder)).fingerprint(tagger)
    return SoundSource(f"sample: {SAMPLE}", files.in_folder(folder, scan), fingerprint, scan=scan)
