"""Names of the glyphs of icon fonts: from the font, or from a file that came with it.

Many icon fonts have no names inside: theirs stand in a style sheet, or in a list of codepoints. In
others a word that is typed becomes the icon, as a ligature; then the word is the name.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

LARGEST = 4 << 20  # bytes of a file of names
MOST_FILES = 200
SUFFIXES = (".codepoints", ".json", ".css")
COVERED = 0.5  # share of a font's private characters that a file of names must have
PRIVATE = range(0xE000, 0xF900)
# .fa-glass:before { content: "\f000" }, with one name or several.
RULE = re.compile(
    r"((?:\.[\w-]+\s*::?before[\s,]*)+)\{[^{}]*?content:\s*[\"']\\([0-9a-fA-F]{2,6})[\"']"
)
SELECTOR = re.compile(r"\.([\w-]+)\s*::?before")
LINE = re.compile(r"([\w-]+)[ \t]+([0-9a-fA-F]{2,6})")


def names_beside(path: Path, codepoints: Iterable[int]) -> dict[int, str]:
    """Names by codepoint from a file beside a font, or in ../css; empty where none fits."""
    icons = {codepoint for codepoint in codepoints if is_private(codepoint)}
    best: dict[int, str] = {}
    for file in _files(path):
        names = read_names(file)
        if len(icons & names.keys()) > len(icons & best.keys()):
            best = names
    return best if icons and len(icons & best.keys()) >= COVERED * len(icons) else {}


def is_private(codepoint: int) -> bool:
    """Whether Unicode leaves the meaning of a character to its font."""
    return codepoint in PRIVATE or codepoint >= 0xF0000


def read_names(file: Path) -> dict[int, str]:
    """Names by codepoint in a JSON object of codes, a style sheet or a list; empty for others."""
    try:
        if file.stat().st_size > LARGEST:
            return {}
        text = file.read_text(encoding="utf-8", errors="replace")
        if file.suffix == ".json":
            return dict(_in_json(json.loads(text)))
        return dict(_in_css(text) if file.suffix == ".css" else _in_lines(text))
    except (OSError, ValueError, RecursionError):
        return {}


def ligatures(font: TTFont) -> dict[str, str]:
    """The words that become a glyph when they are typed, by the glyph's name."""
    letters = {name: chr(code) for code, name in (font.getBestCmap() or {}).items() if code < 0x80}
    table = font["GSUB"].table if "GSUB" in font else None
    words: dict[str, str] = {}
    for lookup in table.LookupList.Lookup if table and table.LookupList else ():
        for part in lookup.SubTable:
            part = getattr(part, "ExtSubTable", part)
            for first, results in getattr(part, "ligatures", {}).items():
                for result in results:
                    parts = [letters.get(name) for name in (first, *result.Component)]
                    if len(parts) > 2 and None not in parts:
                        word = "".join(filter(None, parts))
                        words.setdefault(result.LigGlyph, word)
    return words


def _files(path: Path) -> list[Path]:
    folders = [path.parent, path.parent / "css", path.parent.parent / "css"]
    files = [
        file
        for folder in folders
        if folder.is_dir()
        for file in sorted(folder.iterdir())
        if file.suffix in SUFFIXES and file.is_file()
    ]
    # A file of the font's own name comes first.
    return sorted(files, key=lambda file: not file.name.startswith(path.stem))[:MOST_FILES]


def _in_json(content: Any) -> Iterator[tuple[int, str]]:
    for name, code in content.items() if isinstance(content, dict) else ():
        if isinstance(code, int):
            yield code, name
        elif isinstance(code, str) and re.fullmatch(r"(0x|U\+|\\)?[0-9a-fA-F]{2,6}", code):
            yield int(re.sub(r"^(0x|U\+|\\)", "", code), 16), name


def _in_css(text: str) -> Iterator[tuple[int, str]]:
    rules = [(int(code, 16), SELECTOR.findall(names)) for names, code in RULE.findall(text)]
    prefix = _common_prefix([names[0] for _, names in rules])
    for code, names in rules:
        yield code, names[0].removeprefix(prefix)


def _in_lines(text: str) -> Iterator[tuple[int, str]]:
    for line in text.splitlines():
        if match := LINE.fullmatch(line.strip()):
            yield int(match[2], 16), match[1]


def _common_prefix(names: list[str]) -> str:
    """The prefix with a hyphen of nearly all names, as fa-; empty for none."""
    prefixes = [name.partition("-")[0] + "-" for name in names if "-" in name]
    if not prefixes:
        return ""
    prefix = max(set(prefixes), key=prefixes.count)
    return prefix if prefixes.count(prefix) > 0.9 * len(names) else ""
