"""Wikimedia Commons: a file's name, its page, who made it, and where it is in a fitting size."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import msgspec

from loaders.core.entries import printable

API = "https://commons.wikimedia.org/w/api.php"
AT_ONCE = 50  # titles a call
LONGEST_CALL = 4000  # bytes of titles in an address: many servers take 8,000 of it
LADDER = (20, 40, 60, 120, 250, 330, 500, 960, 1280, 1920, 3840)  # widths that are served
SHORT_SIDE = 320  # pixels that are wanted
WIDEST = 1920  # of a long strip
SMALL = 2_000_000  # bytes of an original that is taken as it is, where no width fits
USABLE = {"image/jpeg", "image/png", "image/gif", "image/webp"}
NO_NAME = re.compile(r"[#<>\[\]|{}\x00-\x1f\x7f]")
WIDTH = re.compile(r"(?<=[/-])\d+px-(?=[^/]*$)")
TAG = re.compile(r"<[^>]*>")
LONGEST = 500  # characters of a licence or an author
LONGEST_ADDRESS = 4000


class Unwilling(Exception):
    """What Commons answers where it does not tell of any file: it lags, or is not to be used."""


class Described(NamedTuple):
    """What Commons tells of a file. `error`: why it cannot be had, None otherwise."""

    download_url: str | None = None
    page_url: str | None = None
    licence: str | None = None
    licence_url: str | None = None
    author: str | None = None
    error: str | None = None


class _Info(msgspec.Struct):
    url: str
    width: int = 0
    height: int = 0
    size: int = 0
    mime: str = ""
    thumburl: str = ""
    descriptionurl: str | None = None
    extmetadata: Any = None


class _Page(msgspec.Struct):
    title: str
    imageinfo: list[_Info] = []


class _Renamed(msgspec.Struct, rename={"source": "from", "target": "to"}):
    source: str
    target: str


class _Query(msgspec.Struct):
    pages: list[_Page] = []
    normalized: list[_Renamed] = []
    redirects: list[_Renamed] = []


class _Answer(msgspec.Struct):
    query: _Query | None = None
    error: Any = None


def file_name(text: str) -> str | None:
    """A file's name as MediaWiki writes it, without its namespace; None where it is none."""
    name = re.sub(r"^(?:File|Image)\s*:", "", html.unescape(text).strip(), flags=re.IGNORECASE)
    name = " ".join(unquote(name).replace("_", " ").split())
    if not name or NO_NAME.search(name) or len(name.encode()) > 240:
        return None
    return name[0].upper() + name[1:]  # the rest keeps its case


def address(name: str) -> str:
    """Where a file is found for ever, whatever its size."""
    return f"https://commons.wikimedia.org/wiki/Special:FilePath/{quote(name.replace(' ', '_'))}"


def calls(names: Sequence[str]) -> Iterator[list[str]]:
    """As many files at once as an address has room for."""
    call: list[str] = []
    for name in names:
        if call and sum(len(quote(f"File:{one}|")) for one in (*call, name)) > LONGEST_CALL:
            yield call
            call = []
        call.append(name)
    yield call


def fields(names: Sequence[str]) -> dict[str, str]:
    """What to ask the API of up to 50 files."""
    return {
        "action": "query",
        "prop": "imageinfo",
        "titles": "|".join(f"File:{name}" for name in names),
        "iiprop": "url|size|mime|extmetadata",
        "iiextmetadatafilter": "LicenseShortName|LicenseUrl|Artist",
        "iiurlwidth": "500",
        "redirects": "1",
        "format": "json",
        "formatversion": "2",
        "maxlag": "5",
    }


def described(content: bytes, names: Sequence[str]) -> dict[str, Described]:
    """What the answer tells of each file.

    Errors: Unwilling; msgspec's, where it is not of that shape.
    """
    answer = msgspec.json.decode(content, type=_Answer)
    if answer.query is None:
        code = answer.error.get("code") if isinstance(answer.error, dict) else None
        raise Unwilling(printable(str(code or "nothing that was asked for")[:100]))
    renamed = {one.source: one.target for one in answer.query.normalized + answer.query.redirects}
    pages = {page.title: page for page in answer.query.pages}
    found = {}
    for name in names:
        title = f"File:{name}"
        for _ in range(2):  # normalised, then redirected
            title = renamed.get(title, title)
        page = pages.get(title)
        known = page is not None and page.imageinfo
        missing = Described(error="Wikimedia Commons has no such file")
        found[name] = _described(known[0]) if known else missing
    return found


def download_url(info: _Info) -> str | None:
    """Its address in the width of the ladder whose short side is wanted; None where there is none.

    A vector drawing has any width; of others none is larger than the original.
    """
    wanted = min(_wanted_width(info.width, info.height), WIDEST)
    fitting = next(width for width in LADDER if width >= wanted)
    vector = info.mime == "image/svg+xml"
    if info.thumburl and WIDTH.search(info.thumburl):
        if vector or fitting < info.width:
            return WIDTH.sub(f"{fitting}px-", info.thumburl, count=1)
        if info.mime not in USABLE or info.size > SMALL:
            smaller = [width for width in LADDER if width < info.width]
            return WIDTH.sub(f"{smaller[-1]}px-", info.thumburl, count=1) if smaller else None
    return info.url if info.mime in USABLE else info.thumburl or None


def _wanted_width(width: int, height: int) -> int:
    """The width at which the short side is as long as is wanted."""
    if width <= 0 or height <= 0:
        return SHORT_SIDE
    return SHORT_SIDE if width <= height else -(-SHORT_SIDE * width // height)


def _described(info: _Info) -> Described:
    told = info.extmetadata if isinstance(info.extmetadata, dict) else {}
    found = _web(download_url(info))
    return Described(
        download_url=found,
        page_url=_web(info.descriptionurl),
        licence=_plain(told, "LicenseShortName"),
        licence_url=_web(_plain(told, "LicenseUrl")),
        author=_plain(told, "Artist"),
        error=None if found else f"{info.mime or 'what it is'} has no picture to fetch",
    )


def _plain(told: Mapping[str, Any], name: str) -> str | None:
    """A field, which is HTML, as text."""
    field = told.get(name)
    value = field.get("value") if isinstance(field, dict) else None
    if not isinstance(value, str | int):
        return None
    text = html.unescape(TAG.sub(" ", str(value)[: 20 * LONGEST]))
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())[:LONGEST] or None


def _web(text: str | None) -> str | None:
    if text is None:
        return None
    text = f"https:{text}" if text.startswith("//") else text
    fits = len(text) <= LONGEST_ADDRESS and text.isprintable()
    return text if fits and re.match(r"https?://[^/?#]", text) else None
