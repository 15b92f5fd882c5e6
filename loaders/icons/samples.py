"""The icon fonts and hieroglyphs of the sample packages."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

from loaders.core.config import HOME
from loaders.core.console import say
from loaders.core.entries import BadEntry, printable
from loaders.core.sources import Source
from loaders.icons.formats import fonts
from loaders.icons.formats.shapes import Shape
from loaders.icons.sources import HieroglyphSign, IconSource, hieroglyph_glyphs, load_font

# By the start of the file's name: the name of the set, and its licence.
ICON_FONTS = {
    "materialdesignicons6": ("Material Design Icons", "Apache-2.0"),
    "phosphor": ("Phosphor", "MIT"),
    "remixicon": ("Remix Icon", "Apache-2.0"),
    "fontawesome6-solid": ("Font Awesome Solid", "OFL-1.1"),
    "fontawesome6-regular": ("Font Awesome Regular", "OFL-1.1"),
    "fontawesome6-brands": ("Font Awesome Brands", "OFL-1.1"),
    "codicon": ("Codicons", "CC-BY-4.0"),
    "elusiveicons": ("Elusive Icons", "OFL-1.1"),
    "materialdesignicons5": ("Material Design Icons 5", "Apache-2.0"),
    "fontawesome5-solid": ("Font Awesome 5 Solid", "OFL-1.1"),
    "fontawesome5-regular": ("Font Awesome 5 Regular", "OFL-1.1"),
    "fontawesome5-brands": ("Font Awesome 5 Brands", "OFL-1.1"),
}
HAND, HAND_LICENCE = "NewGardiner", "OFL-1.1"


def icon_fonts() -> Iterator[IconSource]:
    """Yield the fonts of qtawesome; print a line where they are missing."""
    folder = HOME / "samples" / "qtawesome" / "fonts"
    if not folder.is_dir():
        say("icons: skipped, the package qtawesome is not installed: run ./pgmuse setup")
        return
    for start, (name, licence) in ICON_FONTS.items():
        for path in sorted(folder.glob(f"{start}*.ttf")):
            stem, _, version = path.stem.rpartition("-")
            yield IconSource(
                f"sample: {name}",
                Source(str(path)).fingerprint(),
                "icon",
                name,
                licence,
                partial(_glyphs, path, path.with_name(f"{stem}-charmap-{version}.json")),
            )


def hieroglyphs() -> Iterator[IconSource]:
    """Yield the signs of hieropy's font; print a line where it is missing."""
    folder = HOME / "samples" / "hieropy" / "resources"
    path = folder / f"{HAND}.ttf"
    if not path.is_file():
        say("hieroglyphs: skipped, the package hieropy is not installed: run ./pgmuse setup")
        return
    yield IconSource(
        f"sample: {HAND}",
        Source(str(path)).fingerprint(),
        "hieroglyph",
        HAND,
        HAND_LICENCE,
        partial(_signs_of, path, folder),
        partial(signs, folder),
    )


def signs(folder: Path) -> list[HieroglyphSign]:
    """Code, meaning and keywords of every sign, from the tables beside the font."""
    meanings = {
        int(code, 16): meaning
        for code, _, text in (
            line.partition("$") for line in _lines(folder / "pointinfo.csv") if "$" in line
        )
        if (meaning := plain(text))
    }
    keywords = defaultdict(list)
    for word, points in csv.reader(_lines(folder / "keywordpoints.csv")):
        for point in points.split():
            keywords[int(point, 16)].append(printable(word))
    return [
        HieroglyphSign(point, code, meanings.get(point), keywords[point])
        for point, code in sorted(codes(folder).items())
    ]


def codes(folder: Path) -> dict[int, str]:
    """The code of every sign by its codepoint."""
    rows = (
        row
        for name in ("namepointext.csv", "namepoint.csv")  # the older list takes precedence
        for row in csv.reader(_lines(folder / name))
    )
    return {int(point, 16): printable(code) for code, point in rows}


def plain(html: str) -> str:
    """The text of an HTML list, with semicolons between its items."""
    reader = _Points()
    reader.feed(html)
    reader.close()
    points = [" ".join("".join(point).split()) for point in reader.points]
    return printable("; ".join(point for point in points if point))


class _Points(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.points: list[list[str]] = [[]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "li":
            self.points.append([])

    def handle_data(self, data: str) -> None:
        self.points[-1].append(data)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _glyphs(path: Path, charmap: Path) -> Iterator[Shape | BadEntry]:
    return fonts.shapes(load_font(str(path)), fonts.charmap(charmap))


def _signs_of(path: Path, folder: Path) -> Iterator[Shape | BadEntry]:
    font = load_font(str(path))
    return fonts.shapes(font, hieroglyph_glyphs(font, codes(folder)))
