"""The first image of an article: that of an infobox, else the first one in the text; no icons.

An infobox is parsed with mwparserfromhell only if regular expressions do not find its image. Within
an infobox a picture is preferred to a flag, a coat of arms or a map.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

import mwparserfromhell
from mwparserfromhell.parser import ParserError

from loaders.wikipedia.boxes import is_box
from loaders.wikipedia.languages import PICTURES, PIXELS
from loaders.wikipedia.names import TooComplex, alternatives, name_of
from loaders.wikipedia.sites import Site

LONGEST_BOX = 40_000  # characters of an infobox that are searched
LONGEST_LINK = 2_000  # characters of a link whose options are read
DEEPEST_BOX = 20  # nested templates or links
BOXES, CANDIDATES = 10, 200  # of one article, the first ones
ICON_WIDTH, ICON_HEIGHT = 40, 30  # pixels, the largest icon
LONGEST_NAME = 240  # bytes, as in MediaWiki

TYPE = r"\.(?:jpe?g|jpe|png|gif|svg|tiff?|webp|bmp|xcf|apng|avif)"
NAME = rf"[^\[\]{{}}|<>#/:\n\t]{{1,240}}{TYPE}"
SPACE = r"\s{0,50}+"
IMAGE_KEY = re.compile(f"{alternatives(PICTURES.split())}|flag|coat|seal|shield|map", re.IGNORECASE)
IMAGE_TEMPLATE = re.compile(f"{IMAGE_KEY.pattern}|gallery|galerie", re.IGNORECASE)
ANY = re.compile(TYPE, re.IGNORECASE)
INNER = re.compile(rf"\|{SPACE}(?:[\w ]{{1,40}}={SPACE})?({NAME}){SPACE}(?=[|}}])", re.IGNORECASE)
SIZE = re.compile(
    rf"\|\s{{0,9}}(\d{{0,5}})(?:[x×](\d{{1,5}}))?\s{{0,9}}(?:{alternatives(PIXELS.split())})"
    r"(?:px)?\s{0,9}(?=\||$)"
)
# The width of a picture, as a parameter of the template that shows it.
WIDTH = re.compile(
    r"\|\s{0,20}(?:image|img|pic|icon|picture)?[ _]?(?:width|size|px)\s{0,20}=\s{0,20}(\d{1,4})"
    rf"\s{{0,9}}(?:{alternatives(PIXELS.split())})?\s{{0,20}}(?=[|}}])",
    re.IGNORECASE,
)
# Tags, tables and external links contain no image. They are removed, because the time of the parser
# grows with the square of the number of unclosed ones.
NO_IMAGE = re.compile(r"<[^<>]{0,300}>|<|(?<!\[)\[(?!\[)|(?<!\{)\{\|")
PAIRS = re.compile(r"(\{\{|\[\[)|(\}\})|\]\]")

NOT_KEY = re.compile(r"(?:.*[_ ])?(?:alt|caption|legend|website|url)\d*|name|title")
SYMBOL = re.compile(r"flag|coat|seal|shield|emblem|symbol|crest|arms|banner|map|locator")
LEAST = re.compile(r"signature|autograph|icon")
SMALL_TEMPLATE = re.compile(
    r"\{\{[^|{}]{0,80}(?:flag|icon|stub|asbox|[a-z]mbox|portal|navbox|sister)|\{\{\s{0,20}mbox",
    re.IGNORECASE,
)


class Template(NamedTuple):
    """The position of a template, and its name in lower case."""

    start: int
    name: str


class ImageCandidate(NamedTuple):
    """An image; rank 0: a picture, 1: a symbol or map, 2: a signature or icon."""

    rank: int
    name: str


class ImagePatterns(NamedTuple):
    """Expressions with the wiki's names for the namespace of files.

    direct: a value that is a file. prefixed: a file with its prefix, in a link or a gallery.
    parameter: a named parameter, its key and file. in_text: all that shows a picture in a text.
    """

    direct: re.Pattern[str]
    prefixed: re.Pattern[str]
    parameter: re.Pattern[str]
    in_text: re.Pattern[str]


@lru_cache(10)
def _patterns(files: tuple[str, ...]) -> ImagePatterns:
    prefix = rf"(?:{alternatives(files)}){SPACE}:{SPACE}"
    # [[:File:x.jpg]] is a link to a file, not an image.
    prefixed = rf"(?<![\w:]){prefix}({NAME})(?=\s{{0,50}}(?:[|\]\n]|$))"
    value = rf"(?:{prefix})?({NAME}){SPACE}(?=[|}}\n])"
    parameter = rf"\|{SPACE}([\w -]{{1,60}}?){SPACE}={SPACE}{value}"
    # {{Wide image|a.jpg|900px}}
    unnamed = (
        rf"\{{\{{{SPACE}([^|{{}}\n]{{1,100}}){SPACE}"
        r"(?:\|[ \w\n]{1,30}=[^|{}=]{0,100}){0,5}"
        rf"\|{SPACE}"
        rf"(?:1{SPACE}={SPACE}|(?![\w -]{{1,60}}=)){value}"
    )
    return ImagePatterns(
        re.compile(rf"(?:{prefix})?({NAME})(?:\|.*)?", re.IGNORECASE),
        re.compile(prefixed, re.IGNORECASE),
        re.compile(parameter, re.IGNORECASE),
        re.compile(f"{prefixed}|{parameter}|{unnamed}", re.IGNORECASE),
    )


def first(text: str, templates: list[Template], site: Site) -> str | None:
    """The name of the first image file, as on Commons, without prefix; None: no image.

    text: wikitext without comments and {{!}}. templates: all templates in it, in their order.
    """
    extension = ANY.search(text)
    if extension is None:
        return None
    patterns, signature = _patterns(site.files), None
    for box in [one for one in templates if is_box(one.name)][:BOXES]:
        candidate = _of_box(text, box, patterns)
        if candidate and candidate.rank < 2:
            return candidate.name
        signature = signature or (candidate and candidate.name)
    # A link begins at most 2 * LONGEST_NAME characters before the extension.
    start = max(extension.start() - 2 * LONGEST_NAME, 0)
    return _in_text(text, start, patterns) or signature


def _of_box(text: str, box: Template, patterns: ImagePatterns) -> ImageCandidate | None:
    piece = _balanced(text, box.start)
    image = ANY.search(piece)
    if image is None:
        return None
    simple = patterns.parameter.search(piece)
    if (
        simple
        and simple.start() < image.start() <= simple.end()
        and _is_top_level(piece[: simple.start()])
    ):
        key = simple[1].lower().strip()
        is_picture = _rank(key) == 0 and IMAGE_KEY.search(key) and not NOT_KEY.fullmatch(key)
        if is_picture and (name := file_name(simple[2])):
            return ImageCandidate(0, name)
    return min(_parsed(piece, patterns), key=lambda one: one.rank, default=None)


def _parsed(piece: str, patterns: ImagePatterns) -> Iterator[ImageCandidate]:
    """Yield the images in the parameters of an infobox, in their order. Errors: TooComplex."""
    try:
        code = mwparserfromhell.parse(NO_IMAGE.sub(" ", piece), skip_style_tags=True)
    except (RecursionError, ParserError) as error:
        raise TooComplex(f"an infobox that cannot be parsed, {type(error).__name__}") from error
    for template in code.ifilter_templates(recursive=False):
        for parameter in template.params:
            value = str(parameter.value)
            if ANY.search(value) is None:
                continue
            key = str(parameter.name).strip().lower()
            if NOT_KEY.fullmatch(key):
                continue
            if name := _in_value(key, value.strip(), patterns):
                yield ImageCandidate(_rank(key), name)


def _in_value(key: str, value: str, patterns: ImagePatterns) -> str | None:
    if direct := patterns.direct.fullmatch(value):
        return file_name(direct[1])
    for match in patterns.prefixed.finditer(value):
        if not _is_icon(_options(value, match)):
            return file_name(match[1])
    if IMAGE_KEY.search(key) and not SMALL_TEMPLATE.match(value):
        inner = INNER.search(value)
        return file_name(inner[1]) if inner else None
    return None


def _in_text(text: str, start: int, patterns: ImagePatterns) -> str | None:
    """The image of the first link, gallery line, or parameter that is no icon."""
    for _, match in zip(range(CANDIDATES), patterns.in_text.finditer(text, start), strict=False):
        linked, key, value, template, unnamed = match.groups()
        if linked is not None:
            if not _is_icon(_options(text, match)):
                return file_name(linked)
        elif key is not None:
            if _shows_picture(key.lower()) and not _in_icon_template(text, match):
                return file_name(value)
        elif IMAGE_TEMPLATE.search(template) and not _in_icon_template(text, match):
            return file_name(unnamed)
    return None


def _shows_picture(key: str) -> bool:
    return (
        IMAGE_KEY.search(key) is not None
        and not NOT_KEY.fullmatch(key.strip())
        and not LEAST.search(key)
    )


def _options(text: str, match: re.Match[str]) -> str:
    """The options after the name of a file, without the links in its caption.

    Those of a line in a gallery end with the line.
    """
    start, limit = match.end(), match.end() + LONGEST_LINK
    if text.rfind("[[", max(match.start() - 9, 0), match.start()) < 0:
        end = text.find("\n", start, limit)
        limit = limit if end < 0 else end
    depth, at, pieces = 0, start, []
    for pair in PAIRS.finditer(text, start, limit):
        if depth == 0:
            pieces.append(text[at : pair.start()])
        depth += 1 if pair[1] else -1
        at = pair.end()
        if depth < 0:
            return "".join(pieces)
    return "".join([*pieces, text[at:limit]]) if depth == 0 else "".join(pieces)


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


def _in_icon_template(text: str, match: re.Match[str]) -> bool:
    """Whether the template around a match, or that begins it, shows icons."""
    start, end = match.span()
    is_begin = text.startswith("{{", start)
    begin = start if is_begin else text.rfind("{{", max(start - LONGEST_BOX, 0), start)
    if begin < 0:
        return False
    closed = text.find("}}", end, end + 300)
    width = WIDTH.search(text, max(begin, start - 300), closed + 1 if closed >= 0 else end + 300)
    return SMALL_TEMPLATE.match(text, begin) is not None or (
        width is not None and 0 < int(width[1]) <= ICON_WIDTH
    )


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
