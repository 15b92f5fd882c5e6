"""The first image of an article: an infobox's, else the first one in the text; no icons.

An infobox is parsed with mwparserfromhell only where a cheap look does not tell. Within one a
picture goes before a flag, a coat of arms or a map, whatever their order.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

import mwparserfromhell
from mwparserfromhell.parser import ParserError

from loaders.wikipedia.names import Beyond, name_of

LONGEST_BOX = 40_000  # characters of an infobox that are looked through
DEEPEST_BOX = 20  # templates and links within one another
BOXES, CANDIDATES = 10, 200  # of one article, the first ones
ICON_WIDTH, ICON_HEIGHT = 40, 30  # pixels: up to there it is an icon
LONGEST_NAME = 240  # bytes, as in MediaWiki

BOX = re.compile(
    r".*infobox.*|(?:.* )?(?:taxo|species|subspecies|infraspecies|hybrid|ichno|oo|virus|chem|drug|"
    r"geo|star|planet)box(?: .*)?"
)
TYPE = r"\.(?:jpe?g|jpe|png|gif|svg|tiff?|webp|bmp|xcf|apng|avif)"
NAME = rf"[^\[\]{{}}|<>#/:\n\t]{{1,240}}{TYPE}"
SPACE = r"\s{0,50}+"
KEY = (
    r"[\w -]{0,40}(?:image|img|imagen|photo|picture|pic|logo|cover|poster|flag|coat|seal|shield|"
    r"skyline|map|screenshot|illustration)[\w -]{0,40}"
)
ANY = re.compile(TYPE, re.IGNORECASE)
DIRECT = re.compile(rf"(?:(?:file|image){SPACE}:{SPACE})?({NAME})", re.IGNORECASE)
# [[:File:x.jpg]] only names a file. Options follow until the caption's first link.
PREFIXED = re.compile(
    rf"(?<![\w:])(?:file|image){SPACE}:{SPACE}({NAME})(?=\s{{0,50}}(?:[|\]\n]|$))"
    r"([^\[\]{}\n]{0,300})",
    re.IGNORECASE,
)
INNER = re.compile(rf"\|{SPACE}(?:[\w ]{{1,40}}={SPACE})?({NAME}){SPACE}(?=[|}}])", re.IGNORECASE)
PARAMETER = re.compile(
    rf"\|{SPACE}({KEY}?){SPACE}={SPACE}(?:(?:file|image){SPACE}:{SPACE})?({NAME}){SPACE}(?=[|}}\n])",
    re.IGNORECASE,
)
IN_TEXT = re.compile(rf"{PREFIXED.pattern}|{PARAMETER.pattern}", re.IGNORECASE)
SIZE = re.compile(r"\|\s{0,9}(\d{0,5})(?:x(\d{1,5}))?px")
# Tags, tables and links to the web name no image; the time that a parser takes grows with the
# square of how many of them are not closed.
NO_IMAGE = re.compile(r"<[^<>]{0,300}>|<|(?<!\[)\[(?!\[)|(?<!\{)\{\|")
PAIRS = re.compile(r"(\{\{|\[\[)|(\}\})|\]\]")

NOT_KEY = re.compile(r"(?:.*[_ ])?(?:alt|caption|legend|website|url)\d*|name|title")
IMAGE_KEY = re.compile(KEY)
SYMBOL = re.compile(r"flag|coat|seal|shield|emblem|symbol|crest|arms|banner|map|locator")
LEAST = re.compile(r"signature|autograph|icon")
SMALL_TEMPLATE = re.compile(
    r"\{\{[^|{}]{0,80}(?:flag|icon|stub|portal|navbox|sister)", re.IGNORECASE
)


class Template(NamedTuple):
    """Where a template begins, and its name in lower case."""

    start: int
    name: str


class Found(NamedTuple):
    """An image; rank 0 is a picture, 1 a symbol, 2 what is hardly one."""

    rank: int
    name: str


def first(text: str, templates: list[Template]) -> str | None:
    """The name of an image file as Commons has it, without prefix; None where there is none.

    text: wikitext without comments. templates: all in it, in their order.
    """
    type = ANY.search(text)
    if type is None:
        return None
    least: str | None = None
    for box in [one for one in templates if BOX.fullmatch(one.name)][:BOXES]:
        found = _of_box(text, box)
        if found and found.rank < 2:
            return found.name
        least = least or (found and found.name)
    # What names an image is not much longer than a name.
    return _in_text(text, max(type.start() - 2 * LONGEST_NAME, 0)) or least


def _of_box(text: str, box: Template) -> Found | None:
    piece = _balanced(text, box.start)
    image = ANY.search(piece)
    if image is None:
        return None
    simple = PARAMETER.search(piece)
    if (
        simple
        and simple.start() < image.start() <= simple.end()
        and _on_top(piece[: simple.start()])
    ):
        key = simple[1].lower().strip()
        if not NOT_KEY.fullmatch(key) and _rank(key) == 0 and (name := file_name(simple[2])):
            return Found(0, name)
    return min(_parsed(piece), key=lambda one: one.rank, default=None)


def _parsed(piece: str) -> Iterator[Found]:
    """Images of an infobox's parameters, in their order."""
    try:
        made = mwparserfromhell.parse(NO_IMAGE.sub(" ", piece), skip_style_tags=True)
    except (RecursionError, ParserError) as error:
        raise Beyond(f"an infobox that cannot be parsed, {type(error).__name__}") from error
    for template in made.ifilter_templates(recursive=False):
        for parameter in template.params:
            key = str(parameter.name).strip().lower()
            if NOT_KEY.fullmatch(key):
                continue
            if name := _in_value(key, str(parameter.value).strip()):
                yield Found(_rank(key), name)


def _in_value(key: str, value: str) -> str | None:
    if direct := DIRECT.fullmatch(value):
        return file_name(direct[1])
    for found in PREFIXED.finditer(value):
        if not _is_icon(found[2]):
            return file_name(found[1])
    if IMAGE_KEY.fullmatch(key) and not SMALL_TEMPLATE.match(value):
        inner = INNER.search(value)
        return file_name(inner[1]) if inner else None
    return None


def _in_text(text: str, start: int) -> str | None:
    """The first link, line of a gallery, or parameter that names an image and is no icon."""
    for _, found in zip(range(CANDIDATES), IN_TEXT.finditer(text, start), strict=False):
        linked, options, key, given = found.groups()
        if linked is not None and not _is_icon(options):
            return file_name(linked)
        if given is not None and not (
            NOT_KEY.fullmatch(key.lower())
            or LEAST.search(key.lower())
            or _in_small(text, found.start())
        ):
            return file_name(given)
    return None


def file_name(told: str) -> str | None:
    """A file's name as Commons has it: spaces, the first letter in upper case."""
    name = name_of(unquote(told) if "%" in told else told)
    if not name or len(name.encode(errors="replace")) > LONGEST_NAME or "\0" in name:
        return None
    upper = name[0].upper()
    return (upper if len(upper) == 1 else name[0]) + name[1:]


def _rank(key: str) -> int:
    if LEAST.search(key):
        return 2
    return 1 if SYMBOL.search(key) else 0


def _is_icon(options: str) -> bool:
    size = SIZE.search(options)
    if size is None:
        return False
    width, height = int(size[1] or 0), int(size[2] or 0)
    return 0 < width <= ICON_WIDTH or 0 < height <= ICON_HEIGHT


def _in_small(text: str, at: int) -> bool:
    """Whether the template around a place is one that shows icons."""
    begin = text.rfind("{{", max(at - LONGEST_BOX, 0), at)
    return begin >= 0 and SMALL_TEMPLATE.match(text, begin) is not None


def _on_top(before: str) -> bool:
    """Whether what follows this part of an infobox is within nothing else."""
    return before.count("{{") == before.count("}}") + 1 and before.count("[[") == before.count("]]")


def _balanced(text: str, start: int) -> str:
    """A template from its braces to those that close it; "" where they do not soon."""
    braces, links = 0, 0
    for found in PAIRS.finditer(text, start, start + LONGEST_BOX):
        if found[2]:
            braces -= 1
        elif found[1] == "{{":
            braces += 1
        else:
            links += 1 if found[1] else -1
        if braces == 0:
            return text[start : found.end()]
        if max(braces, links) > DEEPEST_BOX:
            break
    return ""
