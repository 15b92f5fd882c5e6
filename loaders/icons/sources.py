"""Sources of icon sets: a font, a folder or zip of pictures, or a picture."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from loaders.core.entries import BadEntry, bad_entry, printable
from loaders.core.errors import Problem
from loaders.core.folders import files_below
from loaders.core.pruning import kind as kind_of
from loaders.core.sources import Source, without_login
from loaders.core.streams import BadArchive
from loaders.core.streams.archives import Member, is_zip, zip_members
from loaders.icons.formats import fonts
from loaders.icons.formats.glyph_names import names_beside
from loaders.icons.formats.pictures import LARGEST_PNG, PICTURES, Drawer, name_of, picture_shapes
from loaders.icons.formats.shapes import BadIcon, Shape

# Hieroglyphs in Unicode; between the ranges are joiners and other controls.
SIGNS = (range(0x13000, 0x13430), range(0x13460, 0x14400))
# Names of folders and archives that hold icons in many sets.
NO_NAMES = {
    "24px", "assets", "build", "dist", "fill", "filled", "font", "fonts", "icon", "icons", "images",
    "img", "latest", "lib", "main", "master", "optimized", "outline", "outlined", "package", "png",
    "production", "public", "regular", "solid", "source", "src", "static", "svg", "svgs", "tmp",
    "webfont", "webfonts",
}  # fmt: skip
LARGEST_FONT = 64 << 20  # bytes
MOST = 100_000  # pictures of a set


class HieroglyphSign(NamedTuple):
    """Code, meaning and keywords of a hieroglyph."""

    codepoint: int
    code: str
    meaning: str | None
    keywords: list[str]


class IconSource(NamedTuple):
    """A set to load: its location, name and licence, and functions that read it.

    unreadable: folders that could not be listed, with paths relative to the source.
    """

    location: str
    fingerprint: str | None
    kind: str  # icon or hieroglyph
    icon_set: str
    licence: str | None
    shapes: Callable[[], Iterable[Shape | BadEntry]]
    signs: Callable[[], list[HieroglyphSign]] = list
    unreadable: tuple[BadEntry, ...] = ()


class IconPicture(NamedTuple):
    """A picture file of a folder or archive."""

    name: str
    content: Callable[[], bytes]


def icon_source(
    location: str, icon_set: str | None, licence: str | None, *, invert: bool = False
) -> IconSource:
    """The set of icons at a path. Errors: Problem where there is no readable set.

    invert: the pictures are ink on the outside, with the sign left out.
    """
    if not location.strip():
        raise Problem("a source is empty: name a font, or a folder or zip of SVG and PNG")
    path = Path(location)
    source = Source(location, hidden=True)
    unreadable: tuple[BadEntry, ...] = ()
    if path.is_dir():
        files, unreadable = _folder(path)
        shapes = _pictures([IconPicture(name, file.read_bytes) for name, file in files], invert)
    elif not path.exists():
        raise Problem(f"{without_login(location)}: there is no such file")
    elif path.suffix.lower() in fonts.FONTS:
        font = load_font(location)
        names = names_beside(path, font.names)
        shapes = fonts.shapes(font, fonts.all_glyphs(font, names))
        return _font(location, font, "icon", icon_set, licence, shapes)
    elif path.suffix.lower() in PICTURES:
        shapes = _pictures([IconPicture(path.name, path.read_bytes)], invert)
    elif path.suffix.lower() == ".zip" or is_zip(path):
        shapes = _zip(path, invert)
    else:
        raise Problem(
            f"{location}: name a font ({', '.join(fonts.FONTS)}), a folder or zip of SVG and PNG, "
            f"or one of them; {_kind(path)}"
        )
    name = icon_set or printable(set_name(path))
    return IconSource(
        source.name, source.fingerprint(), "icon", name, licence, lambda: shapes,
        unreadable=unreadable,
    )  # fmt: skip


def set_name(path: Path) -> str:
    """The name of a set: of its file or folder, or of the first one above that says anything."""
    absolute = path.absolute()
    for name in (absolute.stem if path.is_file() else absolute.name, *_names_above(absolute)):
        if name and name.lower() not in NO_NAMES:
            return name
    return absolute.name or "icons"


def _names_above(path: Path) -> list[str]:
    return [folder.name for folder in path.parents]


def hand(
    location: str, codes: dict[int, str], icon_set: str | None, licence: str | None
) -> IconSource:
    """The hieroglyphs of a font as a set, named by their codes. Errors: Problem."""
    path = Path(location)
    if path.suffix.lower() not in fonts.FONTS:
        raise Problem(f"{location}: hieroglyphs come in fonts: {', '.join(fonts.FONTS)}")
    font = load_font(location)
    shapes = fonts.shapes(font, hieroglyph_glyphs(font, codes))
    return _font(location, font, "hieroglyph", icon_set, licence, shapes)


def load_font(location: str) -> fonts.Font:
    """Read a font file. Errors: Problem where it is too large or not a font."""
    path = Path(location)
    if path.stat().st_size > LARGEST_FONT:
        raise Problem(f"{location}: a font of more than {LARGEST_FONT >> 20} MB")
    try:
        return fonts.read(path.read_bytes())
    except BadIcon as error:
        raise Problem(f"{location}: {error}; {_kind(path)}") from None


def hieroglyph_glyphs(font: fonts.Font, codes: dict[int, str]) -> Iterator[fonts.Glyph]:
    """Yield the hieroglyphs of a font with their codes, or hexadecimal codepoints without one."""
    for codepoint in sorted(font.names):
        if any(codepoint in signs for signs in SIGNS):
            code = codes.get(codepoint, f"{codepoint:X}")
            yield fonts.Glyph(codepoint, code, code_family(code))


def code_family(code: str) -> str:
    """The sign of which this one is a variant: A1 for A1c."""
    match = re.match(r"[A-Za-z]+\d+", code)
    return match[0] if match else code


def _font(
    location: str,
    font: fonts.Font,
    kind: str,
    icon_set: str | None,
    licence: str | None,
    shapes: Iterable[Shape | BadEntry],
) -> IconSource:
    source = Source(location)
    return IconSource(
        source.name,
        source.fingerprint(),
        kind,
        icon_set or font.title or printable(source.path.stem),
        licence or font.licence,
        lambda: shapes,
    )


def _folder(folder: Path) -> tuple[list[tuple[str, Path]], tuple[BadEntry, ...]]:
    """Pictures below a folder with their relative paths, and unlisted folders. Skips links."""
    entries = list(files_below(folder, hidden=True))
    unreadable = tuple(entry for entry in entries if isinstance(entry, BadEntry))
    pictures = sorted(
        (path.relative_to(folder).as_posix(), path)
        for path in entries
        if isinstance(path, Path) and path.suffix.lower() in PICTURES and not path.is_symlink()
    )
    if not pictures:
        why = unreadable[0].reason if unreadable else "is its disk mounted?" if not entries else ""
        names = "(name the files of fonts)"
        raise Problem(f"{folder}: no SVG or PNG in it {names}{why and '; '}{why}")
    return _check_count(str(folder), pictures), unreadable


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        return kind_of(file.read(1000))


def _zip(path: Path, invert: bool) -> Iterator[Shape | BadEntry]:
    """Shapes of the pictures in an archive, unpacked one by one."""
    try:
        members = list(zip_members(path))
    except BadArchive as error:
        raise Problem(f"{path}: the archive cannot be read: {error}; {_kind(path)}") from None
    pictures = [
        IconPicture(member.name, partial(_content, member))
        for member in members
        if member.name.lower().endswith(PICTURES)
    ]
    if not pictures:
        raise Problem(f"{path}: no SVG or PNG in it")
    return _pictures(_check_count(str(path), pictures), invert)


def _content(member: Member) -> bytes:
    """The content, at most one byte longer than the largest picture: that is rejected later."""
    with member.open() as file:
        return file.read(LARGEST_PNG + 1)


def _pictures(pictures: list[IconPicture], invert: bool) -> Iterator[Shape | BadEntry]:
    """Yield the shapes of each picture, or a BadEntry."""
    with Drawer() as drawer:
        for picture in pictures:
            name = printable(picture.name[:300])
            try:
                for one in picture_shapes(name, picture.content(), drawer, invert=invert):
                    if isinstance(one, Shape):
                        yield one._replace(name=printable(one.name[:300]))
                    else:
                        yield bad_entry(picture.name, one.reason, one.name, (one.name,))
            except (BadIcon, BadArchive, OSError) as error:
                yield bad_entry(picture.name, error, picture.name, (name_of(name),))


def _check_count(location: str, pictures: list[Any]) -> list[Any]:
    if len(pictures) > MOST:
        raise Problem(f"{location}: {len(pictures):,} pictures: a set has at most {MOST:,}")
    return pictures
