"""Pictures in folders and archives, one after the other, whatever else lies there."""

import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from backports.zstd import ZstdError, tarfile, zipfile

from loaders.core.entries import BadEntry, bad_entry, printable
from loaders.core.folders import files_below
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
START = 16  # bytes that tell a picture
BROKEN = (
    OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError, ZstdError,
    tarfile.TarError, zipfile.BadZipFile,
)  # fmt: skip


class _Member(tarfile.TarInfo):
    """A member of a .tar, where only its block of zeros ends the archive.

    By itself tarfile takes a damaged or cut header for the end.
    """

    @classmethod
    def fromtarfile(cls, archive: Any) -> Any:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"it is cut off or damaged: {error}") from error


class BadFile(Exception):
    """Why a folder or an archive cannot be read to its end; what came before it is kept."""


def is_archive(path: Path) -> bool:
    """Whether the name is that of an archive."""
    return path.name.lower().endswith(ARCHIVES)


def in_folder(
    folder: Path, *, class_from_folder: bool = False, scan: Scan | None = None
) -> Iterator[Picture | BadEntry]:
    """All pictures below a folder. What is neither a picture nor named like one is passed over.

    A folder in it that cannot be listed is a BadEntry. Errors: BadFile where it is this one.
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
    """A file that somebody named: where it is no picture, that is said."""
    found = list(one_file(path, Path(path.name), top))
    yield from found or [bad_entry(path.name, NO_PICTURE, "")]


def in_archive(
    path: Path, *, class_from_folder: bool = False, scan: Scan | None = None
) -> Iterator[Picture | BadEntry]:
    """All pictures of a .zip or .tar, packed or not. Errors: BadFile where it cannot be read on."""
    scan, top = scan or Scan(), "" if class_from_folder else None
    try:
        if path.name.lower().endswith(".zip"):
            yield from _in_zip(path, top, scan)
        else:
            yield from _in_tar(path, top, scan)
    except BROKEN as error:
        raise BadFile(f"{path.name}: the archive cannot be read on: {error}") from error


def _in_zip(path: Path, top: str | None, scan: Scan) -> Iterator[Picture | BadEntry]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.is_dir() or hidden(entry.filename):
                continue
            scan.locations.add(location_of(entry.filename))
            try:
                with archive.open(entry) as file:
                    yield from read(file, entry.file_size, entry.filename, top)
            except BROKEN as error:  # the others have places of their own
                yield bad_entry(entry.filename, error, "")


def _in_tar(path: Path, top: str | None, scan: Scan) -> Iterator[Picture | BadEntry]:
    # Streamed: neither memory nor disk is taken.
    with tarfile.open(path, "r|*", tarinfo=_Member) as archive:
        for entry in archive:
            archive.members.clear()  # type: ignore[attr-defined]  # it would keep them all
            file = archive.extractfile(entry) if entry.isreg() else None
            if file is not None and not hidden(entry.name):
                scan.locations.add(location_of(entry.name))
                yield from read(file, entry.size, entry.name, top)


def read(file: IO[bytes], size: int, name: str, top: str | None) -> Iterator[Picture | BadEntry]:
    """The picture in a file, if it is one. `size` may lie."""
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
    """Whether a part of the path begins with a dot, as what file managers leave does."""
    return any(part.startswith(".") for part in PurePosixPath(name).parts) or "__MACOSX/" in name
