"""A slow reference: the images of an article from a full parse with mwparserfromhell."""

import re
from collections.abc import Iterator

import mwparserfromhell
from mwparserfromhell.nodes import Template, Wikilink

NAME = re.compile(
    r"\s*(?:(?:file|image)\s*:)?([^:/\[\]{}|#<>\n]+\.(?:jpe?g|jpe|png|gif|svg|tiff?|webp|bmp|xcf))\s*",
    re.IGNORECASE,
)
PREFIX = re.compile(r"\s*(?:file|image)\s*:", re.IGNORECASE)
SIZE = re.compile(r"\s*(\d*)(?:x(\d+))?px\s*")


def first(text: str) -> str | None:
    """The first image of an infobox, else the first linked image that is no icon."""
    code = mwparserfromhell.parse(text, skip_style_tags=True)
    for template in code.ifilter_templates():
        is_box = re.search(r"infobox|\w+box\b", template.name.lower())
        if is_box and (name := next(in_infobox(template), None)):
            return name
    return next(links(code), None)


def all_of(text: str) -> set[str]:
    """Every image in a link or in a parameter of a template."""
    code = mwparserfromhell.parse(text, skip_style_tags=True)
    named = {name for template in code.ifilter_templates() for name in in_infobox(template)}
    return named | {name for link in code.ifilter_wikilinks() if (name := image(str(link.title)))}


def in_infobox(template: Template) -> Iterator[str]:
    """Images in the parameters of a template."""
    for parameter in template.params:
        value = parameter.value.strip_code(normalize=False, keep_template_params=True)
        if name := image(str(value)):
            yield name
        yield from links(parameter.value)


def links(code: mwparserfromhell.wikicode.Wikicode) -> Iterator[str]:
    """Linked images that are larger than icons."""
    for link in code.ifilter(forcetype=Wikilink):
        if PREFIX.match(str(link.title)) and (name := image(str(link.title))):
            sizes = [SIZE.fullmatch(one) for one in str(link.text or "").split("|")]
            size = next((one for one in sizes if one), None)
            if size is None or not (0 < int(size[1] or 0) <= 40 or 0 < int(size[2] or 0) <= 30):
                yield name


def image(text: str) -> str | None:
    """A file name as on Commons; None: no image."""
    if not (match := NAME.fullmatch(text)):
        return None
    name = re.sub(r"[ _]+", " ", match[1]).strip()
    return name[:1].upper() + name[1:]
