"""Read the pictures in folders and archives; other files are skipped."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from loaders.core.entries import BadEntry, bad_entry, printable
from loaders.core.folders import files_below
from loaders.core.locations import Scan, location_of
from loaders.core.streams import BadArchive
from loaders.core.streams.archives import Member, tar_members, zip_members
from loaders.images.decoding import LIMITS
from loaders.images.model import PictureFile, PictureMetadata, spaced, title_of
from udfs.picture_headers import NO_PICTURE, BadPicture, kind_of

ENDINGS = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".avif",
    ".heic", ".heif", ".hif", ".jxl", ".svg",
}  # fmt: skip
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
BYTES = LIMITS.bytes
START = 16  # bytes that identify a picture


class BadPictureSource(Exception):
    """A folder or an archive that cannot be read to its end; pictures before that are loaded."""


def is_archive(path: Path) -> bool:
    """Whether the file name ends like an archive's."""
    return path.name.lower().endswith(ARCHIVES)


def in_folder(
    folder: Path, *, class_from_folder: bool = False, scan: Scan | None = None
) -> Iterator[PictureFile | BadEntry]:
    """All pictures below a folder; files that are no picture by content and name are skipped.

    A subfolder that cannot be listed and a link to a folder are BadEntries. Errors:
    BadPictureSource where the folder itself cannot be listed.
    """
    scan = scan or Scan()
    for file in files_below(folder, shown=ENDINGS, links=True):
        if isinstance(file, BadEntry) and not file.keys:
            yield file
        elif isinstance(file, BadEntry):
            (name,) = file.keys
            if name == ".":
                raise BadPictureSource(f"{printable(str(folder))}: {file.reason}")
            scan.unreadable.append(location_of(name))
            yield file._replace(place=location_of(name))
        else:
            path = file.relative_to(folder)
            scan.locations.add(location_of(path.as_posix()))
            yield from one_file(file, path, folder.name if class_from_folder else None)


def one_file(path: Path, name: Path, top: str | None) -> Iterator[PictureFile | BadEntry]:
    """The picture at a path, if it is one. name: path in its source. top: see `metadata_of`."""
    try:
        with path.open("rb") as file:
            yield from read(file, path.stat().st_size, name.as_posix(), top)
    except OSError as error:
        if name.suffix.lower() in ENDINGS or not path.is_symlink():
            yield bad_entry(str(name), error.strerror or error, "")


def named_file(path: Path, top: str | None) -> Iterator[PictureFile | BadEntry]:
    """The picture at a path, or a BadEntry where the file is no picture."""
    pictures = list(one_file(path, Path(path.name), top))
    yield from pictures or [bad_entry(path.name, NO_PICTURE, "")]


def in_archive(
    path: Path, *, class_from_folder: bool = False, scan: Scan | None = None
) -> Iterator[PictureFile | BadEntry]:
    """All pictures of a .zip or .tar file, compressed or not.

    Errors: BadPictureSource where the archive cannot be read to its end.
    """
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
        raise BadPictureSource(f"{path.name}: the archive cannot be read on: {error}") from error


def _shown(members: Iterator[Member], scan: Scan) -> Iterator[Member]:
    """The members that are not hidden; their locations are added to `scan`."""
    for member in members:
        if not hidden(member.name):
            scan.locations.add(location_of(member.name))
            yield member


def _in_member(member: Member, top: str | None) -> Iterator[PictureFile | BadEntry]:
    with member.open() as file:
        yield from read(file, member.size, member.name, top)


def read(
    file: IO[bytes], size: int, name: str, top: str | None
) -> Iterator[PictureFile | BadEntry]:
    """The picture in a file, if it is one. size: in bytes, as the archive states it."""
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
        yield PictureFile(location_of(name), content, metadata_of(name, top))


def metadata_of(name: str, top: str | None) -> PictureMetadata:
    """The title from the file name, and the class from the folder's name unless `top` is None.

    top: the class of pictures that are in no subfolder.
    """
    path = PurePosixPath(*map(_readable, PurePosixPath(name).parts))
    if top is None:
        return PictureMetadata(title=title_of(path.name))
    folder = path.parent.name or top
    return PictureMetadata(title=title_of(path.name), class_name=spaced(folder) if folder else None)


def _readable(name: str) -> str:
    """A name in one line and in composed letters, as other systems write the same name.

    A name that is no UTF-8 is one of Windows' Western European.
    """
    content = name.encode(errors="surrogateescape")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return unicodedata.normalize("NFC", printable(text))


def hidden(name: str) -> bool:
    """Whether a part of the path begins with a dot. A file that is called `.jpeg` is not hidden."""
    *folders, last = PurePosixPath(name).parts or ("",)
    is_hidden = last.startswith(".") and last.lower() not in ENDINGS
    return is_hidden or any(part.startswith(".") and part != ".." for part in folders)
