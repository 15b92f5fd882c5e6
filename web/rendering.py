"""Templates, and how numbers and names are shown."""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

FOLDER = Path(__file__).parent
WORDS = (
    (0.95, "this is it"),
    (0.75, "very likely"),
    (0.5, "likely"),
    (0.25, "perhaps"),
    (0.0, "hardly"),
)

environment = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, or for a request of htmx the part of it that changes.

    A template `songs.html` extends `page.html` and includes `parts/songs.html`.
    """
    name = f"parts/{template}" if "hx-request" in request.headers else template
    content = environment.get_template(name).render(path=request.url.path, **values)
    return HTMLResponse(content, status, {"vary": "hx-request", "cache-control": "no-store"})


def in_words(confidence: float) -> str:
    """A probability in words, which fit the percentage that is shown."""
    return next(words for limit, words in WORDS if round(confidence, 2) >= limit)


def percent(share: float | None) -> str:
    """A probability as a percentage; near 0 and 1 never quite."""
    if share is None:
        return ""
    if 0.995 <= share < 1:
        return "99\u00a0%"
    return "under 1\u00a0%" if share < 0.01 else f"{100 * share:.0f}\u00a0%"


def web_address(address: str | None) -> str | None:
    """An address that a link may have; null for other schemes, such as javascript."""
    try:
        scheme = urlsplit(address or "").scheme
    except ValueError:  # such as http://[
        return None
    return address if scheme in ("http", "https") else None


def number(value: float | None) -> str:
    """A number with a separator of thousands."""
    if value is None:
        return ""
    return f"{value:,.3g}" if isinstance(value, float) and value < 1000 else f"{value:,.0f}"


def ink_query(parameters: dict[str, Any]) -> str:
    """The query that draws a stored drawing again; parameters: arguments of deep_ink."""
    arguments = {"every": parameters.get("steps", 200)} | parameters
    words = ", ".join(f"{name} => {literal(value)}" for name, value in arguments.items())
    return f"select picture from deep_ink({words})"  # noqa: S608, shown and not run


def literal(value: object) -> str:
    """A value of JSON as a literal of SQL."""
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        value = "{" + ",".join(map(str, value)) + "}"
    return "'" + str(value).replace("'", "''") + "'"


def counted(value: float, noun: str) -> str:
    """A number with its noun; the plural ends in s."""
    return f"{number(value)} {noun}{'' if value == 1 else 's'}"


environment.filters |= {
    "counted": counted,
    "ink_query": ink_query,
    "in_words": in_words,
    "percent": percent,
    "number": number,
    "web": web_address,
    "quote": lambda text: quote(str(text), safe=""),
}
