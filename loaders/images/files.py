"""The pictures in folders and archives; other files are passed over."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from loaders.core.entries import BadEntry, bad_entry, printable
from loaders.core.folders import files_below
from loaders.core.streams import BadArchive
from loaders.core.streams.archives import Member, tar_members, zip_members
from loaders.images.model import About, Picture, spaced, title_of
from loaders.images.prune import Scan, location_of
from udfs.picture_headers import BadPicture, kind_of
from udfs.pictures import BYTES

ENDINGS = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".avif",
    ".heic", ".jxl", ".svg",
}  # fmt: skip
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
NO_PICTURE = "not a JPEG, PNG, GIF, WebP, TIFF or BMP picture"
START = 16  # bytes that identify a picture


class BadFile(Exception):
    """The reason why a folder or an archive cannot be read to its end; what precedes is loaded."""


def is_archive(path: Path) -> bool:
    """Whether the name is that of an archive."""
    return path.name.lower().endswith(ARCHIVES)


def in_folder(
    folder: Path, *, class_from_folder: bool = False, scan: Scan | None = None
) -> Iterator[Picture | BadEntry]:
    """All pictures below a folder. A file that is no picture and not named like one is passed over.

    A subfolder that cannot be listed is a BadEntry. Errors: BadFile where the folder itself cannot.
    """
    scan = scan or Scan()
    for file in files_below(folder):
        if isinstance(file, BadEntry):
            (name,) = file.keys
            if name == ".":
                raise BadFile(f"{printable(str(folder))}: {file.reason}")
            scan.unreadable.append(location_of(name))
            yield file._replace(place=location_of(name))
            continue
        path = file.relative_to(folder)
        scan.locations.add(location_of(path.as_posix()))
        yield from one_file(file, path, folder.name if class_from_folder else None)


def one_file(path: Path, name: Path, top: str | None) -> Iterator[Picture | BadEntry]:
    """The picture of that path, if it is one. `name`: below its source. `top`: see `about`."""
    try:
        with path.open("rb") as file:
            yield from read(file, path.stat().st_size, name.as_posix(), top)
    except OSError as error:
        if name.suffix.lower() in ENDINGS or not path.is_symlink():
            yield bad_entry(str(name), error.strerror or error, "")


def named_file(path: Path, top: str | None) -> Iterator[Picture | BadEntry]:
    """The picture of a path, or a BadEntry where it is none."""
    pictures = list(one_file(path, Path(path.name), top))
    yield from pictures or [bad_entry(path.name, NO_PICTURE, "")]


def in_archive(
    path: Path, *, class_from_folder: bool = False, scan: Scan | None = None
) -> Iterator[Picture | BadEntry]:
    """All pictures of a .zip or .tar, packed or not. Errors: BadFile where it cannot be read on."""
    scan, top = scan or Scan(), "" if class_from_folder else None
    try:
        if path.name.lower().endswith(".zip"):
            for member in _shown(zip_members(path), scan):
                try:
                    yield from _in_member(member, top)
                except BadArchive as error:  # the other members can still be read
                    yield bad_entry(member.name, error, "")
        else:
            for member in _shown(tar_members(path), scan):
                yield from _in_member(member, top)
    except BadArchive as error:
        raise BadFile(f"{path.name}: the archive cannot be read on: {error}") from error


def _shown(members: Iterator[Member], scan: Scan) -> Iterator[Member]:
    """The members that are not hidden, noted in `scan`."""
    for member in members:
        if not hidden(member.name):
            scan.locations.add(location_of(member.name))
            yield member


def _in_member(member: Member, top: str | None) -> Iterator[Picture | BadEntry]:
    with member.open() as file:
        yield from read(file, member.size, member.name, top)


def read(file: IO[bytes], size: int, name: str, top: str | None) -> Iterator[Picture | BadEntry]:
    """The picture in a file, if it is one. size: in bytes; it may be wrong."""
    start = file.read(START)
    try:
        kind_of(start)
    except BadPicture as error:
        if PurePosixPath(name).suffix.lower() in ENDINGS:
            yield bad_entry(name, error, start)
        return
    content = start + file.read(BYTES + 1 - START) if size <= BYTES else b""
    if size > BYTES or len(content) > BYTES:
        yield bad_entry(name, f"more than {BYTES:,} bytes", start)
    else:
        yield Picture(location_of(name), content, about(name, top))


def about(name: str, top: str | None) -> About:
    """Title by name. Where `top` is not None the class is the folder, `top` that of the first."""
    path = PurePosixPath(printable(name))
    if top is None:
        return About(title=title_of(path.name))
    folder = path.parent.name or top
    return About(title=title_of(path.name), class_name=spaced(folder) if folder else None)


def hidden(name: str) -> bool:
    """Whether a part of the path begins with a dot."""
    return any(part.startswith(".") for part in PurePosixPath(name).parts)
