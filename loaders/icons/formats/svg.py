"""SVG as resvg can draw it: harmless, with plain colours, and one drawing for each symbol.

References to other files are removed, and no script runs. What CSS has and resvg has not, such as
variables and `oklch()`, is computed first; what is left is an error, so that no part is lost.
"""

import gzip
import io
import math
import re
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from copy import deepcopy

from loaders.icons.formats import svg_styles
from loaders.icons.formats.shapes import BadIcon

LARGEST = 1 << 20  # bytes
LARGEST_VIEW = 1_000_000_000  # units wide and high
MOST_SYMBOLS = 10_000
DEEPEST = 100  # elements within one another
NAMESPACE = "http://www.w3.org/2000/svg"
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
# Elements that refer to other files, or are not drawings.
OUTSIDE = {"script", "image", "feImage", "foreignObject"}
# Elements beside symbols that draw nothing by themselves.
UNSEEN = {"defs", "symbol", "title", "desc", "style", "metadata", ""}
# Innermost functions of CSS: their arguments contain no other functions.
DEFINITION = re.compile(r"(--[\w-]+)\s*:\s*([^;{}]+)")
VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,([^()]*))?\)")
LIGHT_DARK = re.compile(r"light-dark\(([^(),]*),[^()]*\)", re.IGNORECASE)
COLOUR = re.compile(r"\b(?:oklch|oklab|lab|lch|hwb|color|rgba?|hsla?)\([^()]*\)", re.IGNORECASE)
UNSUPPORTED = re.compile(
    r"\b(?:var|light-dark|oklch|oklab|lab|lch|hwb|color|color-mix|env|calc|min|max|clamp)\(",
    re.IGNORECASE,
)
LENGTHS = ("calc(", "min(", "max(", "clamp(")
MOST_PASSES = 20  # functions within one another


def drawings(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield SVGs to draw, each with the id of its symbol, or "" for the whole file.

    A file of symbols alone, a sprite, has one drawing for each of them. Errors: BadIcon for other
    XML, deep nesting, invalid sizes, and what of CSS can neither be computed nor rewritten.
    """
    root = _parsed(_unpacked(content))
    if _local(root.tag) != "svg":
        raise BadIcon("its root element is not svg")
    _make_harmless(root)
    _compute_styles(root)
    svg_styles.rewrite(root)
    symbols = [element for element in root.iter() if _local(element.tag) == "symbol"]
    if symbols and all(_local(child.tag) in UNSEEN for child in root):
        if len(symbols) > MOST_SYMBOLS:
            raise BadIcon(f"{len(symbols):,} symbols: the maximum is {MOST_SYMBOLS:,}")
        for number, symbol in enumerate(symbols, 1):
            yield symbol.get("id") or str(number), _text(_alone(root, symbol))
    else:
        _check_size(root)
        yield "", _text(root)


def _unpacked(content: bytes) -> bytes:
    """The XML of an SVG that may be packed by gzip. Errors: BadIcon where it is too large."""
    if content.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(LARGEST + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise BadIcon(f"it cannot be unpacked: {error}") from None
    if len(content) > LARGEST:
        raise BadIcon(f"an SVG of more than {LARGEST >> 20} MB")
    return content


def _parsed(content: bytes) -> ET.Element:
    """The root element; what follows the end of the SVG is ignored, as in a page."""
    end = content.rfind(b"</svg>")
    attempts = [content, content[: end + 6]] if end > 0 else [content]
    for attempt in attempts:
        try:
            return ET.fromstring(attempt)  # noqa: S314 - expat fetches nothing, bounds entities
        except (ET.ParseError, ValueError, LookupError) as error:
            problem = error
    raise BadIcon(f"broken XML: {problem}")


def _make_harmless(root: ET.Element) -> None:
    """Remove references to other files. Errors: BadIcon where elements are nested too deep."""
    stack = [(root, 1)]
    while stack:
        element, depth = stack.pop()
        if depth > DEEPEST:
            raise BadIcon(f"elements nested more than {DEEPEST} deep")
        if isinstance(element.tag, str) and not element.tag.startswith("{"):
            element.tag = f"{{{NAMESPACE}}}{element.tag}"  # cut out of a page
        for name in [name for name in element.attrib if _local(name) == "href"]:
            if not element.attrib[name].strip().startswith("#"):
                del element.attrib[name]
        for child in [child for child in element if _local(child.tag) in OUTSIDE]:
            if any(value.strip().startswith("data:") for value in child.attrib.values()):
                raise BadIcon("a picture inside of it is not supported: load the picture itself")
            element.remove(child)
        if _local(element.tag) in ("text", "tspan") and not (element.text or "").isascii():
            raise BadIcon("text in it is in a script that has no font here: convert it to paths")
        stack += [(child, depth + 1) for child in element]


def _compute_styles(root: ET.Element) -> None:
    """Replace functions of CSS in styles and attributes by values. Errors: BadIcon."""
    styles = [element for element in root.iter() if _local(element.tag) == "style"]
    for element in styles:
        element.text = svg_styles.holding(element.text or "")
    texts = [element.text or "" for element in styles]
    texts += [style for element in root.iter() if (style := element.get("style"))]
    variables = {name: value.strip() for text in texts for name, value in DEFINITION.findall(text)}
    for element in styles:
        element.text = _computed(element.text or "", variables)
    for element in root.iter():
        for name, value in element.attrib.items():
            if "(" in value:
                element.attrib[name] = _computed(value, variables)


def _computed(css: str, variables: dict[str, str]) -> str:
    """CSS with the values of its functions. Errors: BadIcon where one cannot be computed."""
    if not UNSUPPORTED.search(css) and not COLOUR.search(css):
        return css
    for _ in range(MOST_PASSES):
        before = css
        css = COLOUR.sub(lambda match: _hexadecimal(match[0]), css)
        css = VARIABLE.sub(
            lambda match: variables.get(match[1], (match[2] or "inherit").strip()), css
        )
        css = LIGHT_DARK.sub(lambda match: match[1].strip(), css)
        if css == before or len(css) > LARGEST:
            break
    left = UNSUPPORTED.search(css)
    if left:
        plain = "numbers" if left[0].lower() in LENGTHS else "colours as #000000"
        raise BadIcon(f"{left[0]}) in it is not supported: write {plain}")
    return css


def _hexadecimal(colour: str) -> str:
    """A colour of CSS as #rrggbb or #rrggbbaa; one that cannot be read stays as it is."""
    from coloraide import Color  # takes a third of a second, and few files need it

    match = Color.match(colour)
    if match is None or match.end != len(colour):
        return colour
    text: str = match.color.convert("srgb").fit().to_string(hex=True)
    return text


def _alone(root: ET.Element, symbol: ET.Element) -> ET.Element:
    """The drawing of one symbol, beside all definitions."""
    view = {name: symbol.attrib[name] for name in ("viewBox",) if name in symbol.attrib}
    if not view and "viewBox" in root.attrib:
        view = {"viewBox": root.attrib["viewBox"]}
    drawing = ET.Element(f"{{{NAMESPACE}}}svg", view)
    if "fill" in root.attrib or "fill" in symbol.attrib:
        drawing.set("fill", symbol.get("fill", root.get("fill", "")))
    _check_size(drawing)
    defs = ET.SubElement(drawing, f"{{{NAMESPACE}}}defs")
    uses = any(_local(element.tag) == "use" for element in symbol.iter())
    for child in root:
        parts = list(child) if _local(child.tag) == "defs" else [child]
        # Without the other symbols a drawing is small: a sprite has hundreds.
        defs.extend(
            part for part in parts if _local(part.tag) != "symbol" or (uses and part is not symbol)
        )
    group = deepcopy(symbol)
    group.tag = f"{{{NAMESPACE}}}g"
    group.attrib.pop("id", None)
    drawing.append(group)
    return drawing


def _check_size(root: ET.Element) -> None:
    """Raise BadIcon for an invalid size: the renderer would replace it by a default."""
    view = root.get("viewBox")
    if view is not None:
        sides = [_number(side) for side in re.split(r"[\s,]+", view.strip())]
        if len(sides) != 4 or not all(map(math.isfinite, sides)):
            raise BadIcon("its viewBox is not four numbers")
        if not all(0 < side <= LARGEST_VIEW for side in sides[2:]):
            raise BadIcon(f"its viewBox is not up to {LARGEST_VIEW:,} wide and high")
    for name in ("width", "height"):
        number = NUMBER.match(root.get(name, "1"))
        if number and not 0 < float(number[0]) <= LARGEST_VIEW:
            raise BadIcon(f"its {name} is not up to {LARGEST_VIEW:,}")


def _text(root: ET.Element) -> str:
    return ET.tostring(root, encoding="unicode")


def _number(text: str) -> float:
    return float(text) if NUMBER.fullmatch(text) else math.nan


def _local(name: object) -> str:
    """A name without its namespace; empty for comments and processing instructions."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""
