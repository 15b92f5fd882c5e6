"""The first image of an article: that of an infobox, else the first one in the text; no icons.

An infobox is parsed with mwparserfromhell only if regular expressions do not find its image. Within
an infobox a picture is preferred to a flag, a coat of arms or a map.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

import mwparserfromhell
from mwparserfromhell.parser import ParserError

from loaders.wikipedia.names import TooComplex, name_of

LONGEST_BOX = 40_000  # characters of an infobox that are searched
DEEPEST_BOX = 20  # nested templates or links
BOXES, CANDIDATES = 10, 200  # of one article, the first ones
ICON_WIDTH, ICON_HEIGHT = 40, 30  # pixels, the largest icon
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
# [[:File:x.jpg]] is a link to a file, not an image. Options end at the first link of the caption.
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
# Tags, tables and external links contain no image. They are removed, because the time of the parser
# grows with the square of the number of unclosed ones.
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
    """The position of a template, and its name in lower case."""

    start: int
    name: str


class ImageCandidate(NamedTuple):
    """An image; rank 0: a picture, 1: a symbol or map, 2: a signature or icon."""

    rank: int
    name: str


def first(text: str, templates: list[Template]) -> str | None:
    """The name of the first image file, as on Commons, without prefix; None: no image.

    text: wikitext without comments. templates: all templates in it, in their order.
    """
    extension = ANY.search(text)
    if extension is None:
        return None
    signature: str | None = None
    for box in [one for one in templates if BOX.fullmatch(one.name)][:BOXES]:
        candidate = _of_box(text, box)
        if candidate and candidate.rank < 2:
            return candidate.name
        signature = signature or (candidate and candidate.name)
    # A link begins at most 2 * LONGEST_NAME characters before the extension.
    return _in_text(text, max(extension.start() - 2 * LONGEST_NAME, 0)) or signature


def _of_box(text: str, box: Template) -> ImageCandidate | None:
    piece = _balanced(text, box.start)
    image = ANY.search(piece)
    if image is None:
        return None
    simple = PARAMETER.search(piece)
    if (
        simple
        and simple.start() < image.start() <= simple.end()
        and _is_top_level(piece[: simple.start()])
    ):
        key = simple[1].lower().strip()
        if not NOT_KEY.fullmatch(key) and _rank(key) == 0 and (name := file_name(simple[2])):
            return ImageCandidate(0, name)
    return min(_parsed(piece), key=lambda one: one.rank, default=None)


def _parsed(piece: str) -> Iterator[ImageCandidate]:
    """Yield the images in the parameters of an infobox, in their order. Errors: TooComplex."""
    try:
        code = mwparserfromhell.parse(NO_IMAGE.sub(" ", piece), skip_style_tags=True)
    except (RecursionError, ParserError) as error:
        raise TooComplex(f"an infobox that cannot be parsed, {type(error).__name__}") from error
    for template in code.ifilter_templates(recursive=False):
        for parameter in template.params:
            key = str(parameter.name).strip().lower()
            if NOT_KEY.fullmatch(key):
                continue
            if name := _in_value(key, str(parameter.value).strip()):
                yield ImageCandidate(_rank(key), name)


def _in_value(key: str, value: str) -> str | None:
    if direct := DIRECT.fullmatch(value):
        return file_name(direct[1])
    for match in PREFIXED.finditer(value):
        if not _is_icon(match[2]):
            return file_name(match[1])
    if IMAGE_KEY.fullmatch(key) and not SMALL_TEMPLATE.match(value):
        inner = INNER.search(value)
        return file_name(inner[1]) if inner else None
    return None


def _in_text(text: str, start: int) -> str | None:
    """The image of the first link, gallery line, or parameter that is no icon."""
    for _, match in zip(range(CANDIDATES), IN_TEXT.finditer(text, start), strict=False):
        linked, options, key, value = match.groups()
        if linked is not None and not _is_icon(options):
            return file_name(linked)
        if value is not None and not (
            NOT_KEY.fullmatch(key.lower())
            or LEAST.search(key.lower())
            or _in_icon_template(text, match.start())
        ):
            return file_name(value)
    return None


def file_name(text: str) -> str | None:
    """A file name as on Commons: with spaces and an upper-case first letter; None: not valid."""
    name = name_of(unquote(text) if "%" in text else text)
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


def _in_icon_template(text: str, at: int) -> bool:
    """Whether the template around a position shows icons."""
    begin = text.rfind("{{", max(at - LONGEST_BOX, 0), at)
    return begin >= 0 and SMALL_TEMPLATE.match(text, begin) is not None


def _is_top_level(before: str) -> bool:
    """Whether the text after this part of an infobox is in no nested template or link."""
    return before.count("{{") == before.count("}}") + 1 and before.count("[[") == before.count("]]")


def _balanced(text: str, start: int) -> str:
    """A template with its closing braces; "" if it is too long or too deeply nested."""
    braces, links = 0, 0
    for match in PAIRS.finditer(text, start, start + LONGEST_BOX):
        if match[2]:
            braces -= 1
        elif match[1] == "{{":
            braces += 1
        else:
            links += 1 if match[1] else -1
        if braces == 0:
            return text[start : match.end()]
        if max(braces, links) > DEEPEST_BOX:
            break
    return ""
