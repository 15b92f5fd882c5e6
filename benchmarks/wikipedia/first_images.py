"""The images of an article as mwparserfromhell alone finds them: a full, slow reference."""

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
    """The first image of an infobox, else the first link to one that is no icon."""
    code = mwparserfromhell.parse(text, skip_style_tags=True)
    for template in code.ifilter_templates():
        is_box = re.search(r"infobox|\w+box\b", template.name.lower())
        if is_box and (name := next(in_infobox(template), None)):
            return name
    return next(links(code), None)


def all_of(text: str) -> set[str]:
    """Every image that a link or a parameter of any template names."""
    code = mwparserfromhell.parse(text, skip_style_tags=True)
    named = {name for template in code.ifilter_templates() for name in in_infobox(template)}
    return named | {name for link in code.ifilter_wikilinks() if (name := image(str(link.title)))}


def in_infobox(template: Template) -> Iterator[str]:
    """Images that a template's parameters name, or link to."""
    for parameter in template.params:
        value = parameter.value.strip_code(normalize=False, keep_template_params=True)
        if name := image(str(value)):
            yield name
        yield from links(parameter.value)


def links(code: mwparserfromhell.wikicode.Wikicode) -> Iterator[str]:
    """Images that are shown larger than icons."""
    for link in code.ifilter(forcetype=Wikilink):
        if PREFIX.match(str(link.title)) and (name := image(str(link.title))):
            sizes = [SIZE.fullmatch(one) for one in str(link.text or "").split("|")]
            size = next((found for found in sizes if found), None)
            if size is None or not (0 < int(size[1] or 0) <= 40 or 0 < int(size[2] or 0) <= 30):
                yield name


def image(told: str) -> str | None:
    """A file's name as Commons has it."""
    if not (found := NAME.fullmatch(told)):
        return None
    name = re.sub(r"[ _]+", " ", found[1]).strip()
    return name[:1].upper() + name[1:]
