"""What CSS does to an SVG that resvg would ignore: it is rewritten, or an error that names it.

resvg reads attributes and simple style sheets: selectors of elements, classes, ids and attributes,
no conditions but comments, and numbers without units in `transform`.
"""

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import NamedTuple

from loaders.icons.formats.shapes import BadIcon

COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
STATEMENT = re.compile(r"@[\w-]+[^{};]*;")
# Conditions that hold, or do not hold, for a drawing on white paper.
HOLDS = re.compile(r"@media\s+(all|screen|\(prefers-color-scheme:\s*light\))\s*", re.IGNORECASE)
FAILS = re.compile(
    r"@media\s+(print|speech|\(prefers-color-scheme:\s*dark\)|\(prefers-reduced-motion.*\))\s*",
    re.IGNORECASE,
)
HARMLESS = re.compile(r"@(-\w+-)?(keyframes|font-face|property|page|counter-style)\b.*", re.DOTALL)
# States and parts that a still drawing never has.
NEVER = re.compile(
    r"::?(hover|focus[\w-]*|active|visited|target|before|after|selection)(?![\w-])", re.IGNORECASE
)
PSEUDO = re.compile(r"::?(?!first-child\b)([\w-]+)")  # resvg reads that one
IN_BRACKETS = re.compile(r"\[\s*[\w-]+\s*(~?=\s*(\"[^\"]*\"|'[^']*'|[\w-]+)\s*)?\]")
TRANSFORM = re.compile(r"(\w+)\(([^()]*)\)")
ANGLES = {"deg": 1, "turn": 360, "rad": math.degrees(1), "grad": 0.9, "px": 1, "": 1}
VALUE = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(deg|turn|rad|grad|px|)", re.IGNORECASE
)
# By name: the name that resvg reads, and the place of the argument among its arguments.
ALONG = {
    "translatex": ("translate", "{} 0"),
    "translatey": ("translate", "0 {}"),
    "scalex": ("scale", "{} 1"),
    "scaley": ("scale", "1 {}"),
}
PLAIN = {"matrix", "translate", "scale", "rotate", "skewx", "skewy"}
GEOMETRY = ("x", "y", "width", "height", "cx", "cy", "r", "rx", "ry", "d")
# Properties of which resvg reads links only, or nothing.
LINKS = ("clip-path", "mask", "mask-image")
IGNORED = ("rotate", "scale", "translate", "offset-path")
STANDARD = {"none", "initial", "unset", "inherit", ""}
ATTRIBUTES = "write it as an attribute"


class Rule(NamedTuple):
    """A rule of a style sheet."""

    selector: str
    declarations: dict[str, str]


def holding(css: str) -> str:
    """The rules of a style sheet that hold for a drawing on paper. Errors: BadIcon."""
    return "\n".join(map(_text, rules(css)))


def rewrite(root: ET.Element) -> None:
    """Write styles so that resvg draws them. Errors: BadIcon that names what cannot be drawn."""
    for element in root.iter():
        if _local(element.tag) == "style":
            element.text = "\n".join(_text(_checked(rule)) for rule in rules(element.text or ""))
        else:
            _rewrite_element(element, is_root=element is root)
    _check_scaling(root)


def _checked(rule: Rule) -> Rule:
    """A rule that resvg reads. Errors: BadIcon where there is none."""
    parts = rule.declarations
    if all(name.startswith("--") for name in parts):
        return rule
    _check_selector(rule.selector)
    for name in set(GEOMETRY) & set(parts):
        # An SVG's own size is that in its page.
        if "svg" not in rule.selector or name not in ("width", "height"):
            raise BadIcon(f"the property {name} in a style sheet is not supported: {ATTRIBUTES}")
    _check_declarations(parts)
    if "transform" in parts:
        parts = parts | {"transform": plain_transform(parts["transform"]) or "translate(0)"}
    return rule._replace(declarations=parts)


def rules(css: str) -> Iterator[Rule]:
    """Yield the rules that hold for a drawing on paper. Errors: BadIcon for other conditions."""
    css = STATEMENT.sub("", COMMENT.sub("", css))
    while css.strip():
        selector, brace, rest = css.partition("{")
        if not brace:
            return
        block, css = _block(rest)
        selector = selector.strip()
        if HOLDS.fullmatch(selector):
            yield from rules(block)
        elif selector.startswith("@"):
            if not HARMLESS.fullmatch(selector) and not FAILS.fullmatch(selector):
                raise BadIcon(f"{selector.split()[0].partition('(')[0]} in it is not supported")
        elif "{" in block:
            raise BadIcon("rules of CSS within one another in it are not supported")
        else:
            drawn = [one for one in selector.split(",") if not NEVER.search(one)]
            if drawn:
                yield Rule(re.sub(r":root\b", "svg", ",".join(drawn)), declarations(block))


def declarations(style: str) -> dict[str, str]:
    """The values of a style by their property, in lower case."""
    pairs = (part.partition(":") for part in re.split(r";(?![^(]*\))", COMMENT.sub("", style)))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def _block(text: str) -> tuple[str, str]:
    """The text up to the closing brace, and what follows."""
    depth = 1
    for brace in re.finditer(r"[{}]", text):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[: brace.start()], text[brace.end() :]
    return text, ""


def _check_selector(selector: str) -> None:
    plain = IN_BRACKETS.sub("", selector)
    if name := PSEUDO.search(plain):
        raise BadIcon(f"the selector {name[0]} in it is not supported: use a class")
    for sign in ("~", "[", "|"):
        if sign in plain:
            raise BadIcon(f"the selector {selector[:40]!r} in it is not supported: use a class")


def _rewrite_element(element: ET.Element, *, is_root: bool) -> None:
    _check_declarations({name: element.get(name, "") for name in LINKS if name in element.attrib})
    if "transform" in element.attrib:
        element.set("transform", plain_transform(element.get("transform", "")))
    style = element.get("style")
    if not style:
        return
    parts = declarations(style)
    _check_declarations(parts)
    if "transform" in parts:
        element.set("transform", plain_transform(parts.pop("transform")))
    for name in GEOMETRY if not is_root else ():
        if name in parts:
            value = re.sub(r"px\b|\s*!important", "", parts.pop(name))
            path = re.fullmatch(r"path\(\s*([\"'])(.*)\1\s*\)", value, re.DOTALL)
            element.set(name, path[2] if path else value)
    element.set("style", _joined(parts))


def _check_declarations(parts: dict[str, str]) -> None:
    for name in LINKS:
        value = parts.get(name, "none").lower()
        if value not in STANDARD and not value.startswith("url("):
            function = value.partition("(")[0]
            raise BadIcon(f"{name} with {function[:40]}() in it is not supported: use a clipPath")
    for name in IGNORED:
        if parts.get(name, "none").lower() not in STANDARD:
            raise BadIcon(f"the property {name} in it is not supported: use transform")


def plain_transform(value: str) -> str:
    """A transform with numbers only. Errors: BadIcon where it has other units or functions."""
    value = value.replace("!important", "").strip()
    if value.lower() in STANDARD:
        return ""
    if "%" in value:
        raise BadIcon(f"the transform {value[:40]!r} in it is not supported: use numbers")
    return " ".join(f"{name}({arguments})" for name, arguments in _functions(value))


def _functions(value: str) -> Iterator[tuple[str, str]]:
    if TRANSFORM.sub("", value).strip(" ,\t\r\n"):
        raise BadIcon(f"the transform {value[:40]!r} in it is not supported")
    for name, arguments in TRANSFORM.findall(value):
        numbers = [_plain_number(one, value) for one in re.split(r"[\s,]+", arguments.strip())]
        low = name.lower()
        if low in ALONG and len(numbers) == 1:
            new, form = ALONG[low]
            yield new, form.format(numbers[0])
        elif low in PLAIN:
            yield name, " ".join(numbers)
        else:
            raise BadIcon(f"the transform {name}() in it is not supported")


def _plain_number(text: str, value: str) -> str:
    numbers = list(VALUE.finditer(text))  # 1-2 is two numbers
    if not numbers or "".join(number[0] for number in numbers) != text:
        raise BadIcon(f"the transform {value[:40]!r} in it is not supported")
    return " ".join(f"{float(one[1]) * ANGLES[one[2].lower()]:.9g}" for one in numbers)


def _check_scaling(root: ET.Element) -> None:
    """Errors: BadIcon where an element's box or the size on the screen matters."""
    text = ET.tostring(root, encoding="unicode")
    if not re.search(r"\btransform\s*[=:]", text):
        is_scaled = "viewBox" in root.attrib and "width" in root.attrib and _is_scaled(root)
    else:
        is_scaled = True
        if re.search(r"transform-box\s*(:|=\")\s*(fill|stroke|content|border)-box", text):
            raise BadIcon("transform-box in it is not supported: use the coordinates of the view")
    if is_scaled and "non-scaling-stroke" in text:
        raise BadIcon("vector-effect in it is not supported: draw strokes that scale")


def _is_scaled(root: ET.Element) -> bool:
    width = re.match(r"[\d.]+", root.get("width", ""))
    view = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    return not width or len(view) != 4 or float(width[0]) != float(view[2])


def _text(rule: Rule) -> str:
    return f"{rule.selector} {{ {_joined(rule.declarations)} }}"


def _joined(parts: dict[str, str]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in parts.items())


def _local(name: object) -> str:
    return name.rpartition("}")[2] if isinstance(name, str) else ""
