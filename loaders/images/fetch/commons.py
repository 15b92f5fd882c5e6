"""Wikimedia Commons: file names, requests to its API, and the metadata in its responses."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import msgspec

from loaders.core.entries import printable

API = "https://commons.wikimedia.org/w/api.php"
BATCH = 50  # titles a request, the API's limit
LONGEST_TITLES = 4000  # bytes of titles in a request's address; many servers accept 8,000 in total
LADDER = (20, 40, 60, 120, 250, 330, 500, 960, 1280, 1920, 3840)  # thumbnail widths served
SHORT_SIDE = 320  # pixels: the smallest short side that is downloaded where the file has it
WIDEST = 1920  # pixels: the largest width that is requested
SMALL = 2_000_000  # bytes: originals up to this size are downloaded where no thumbnail fits
USABLE = {"image/jpeg", "image/png", "image/gif", "image/webp"}
NO_NAME = re.compile(r"[#<>\[\]|{}\x00-\x1f\x7f]")
WIDTH = re.compile(r"(?<=[/-])\d+px-(?=[^/]*$)")
TAG = re.compile(r"<[^>]*>")
LONGEST_FIELD = 500  # characters of a licence or an author
LONGEST_ADDRESS = 4000


class CommonsError(Exception):
    """The API answered with an error for the request, such as replication lag."""


class FileInfo(NamedTuple):
    """The metadata of a file. error: the reason why it cannot be downloaded, else None."""

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


class _Response(msgspec.Struct):
    query: _Query | None = None
    error: Any = None


def file_name(text: str) -> str | None:
    """Normalize a file name as MediaWiki does, without the namespace; None where it is invalid."""
    name = re.sub(r"^(?:File|Image)\s*:", "", html.unescape(text).strip(), flags=re.IGNORECASE)
    name = " ".join(unquote(name).replace("_", " ").split())
    if not name or NO_NAME.search(name) or len(name.encode()) > 240:
        return None
    return name[0].upper() + name[1:]  # MediaWiki capitalizes the first letter only


def address(name: str) -> str:
    """The permanent address of a file, which redirects to its original."""
    return f"https://commons.wikimedia.org/wiki/Special:FilePath/{quote(name.replace(' ', '_'))}"


def batches(names: Sequence[str]) -> Iterator[list[str]]:
    """Split file names into batches whose titles take at most 4,000 bytes of an address."""
    batch: list[str] = []
    for name in names:
        if batch and sum(len(quote(f"File:{one}|")) for one in (*batch, name)) > LONGEST_TITLES:
            yield batch
            batch = []
        batch.append(name)
    yield batch


def request_fields(names: Sequence[str]) -> dict[str, str]:
    """The query fields of a request for the metadata of up to 50 files."""
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


def parse_file_info(content: bytes, names: Sequence[str]) -> dict[str, FileInfo]:
    """Parse the API's response; the metadata of each file, by name.

    Errors: CommonsError where the response is an error; msgspec.DecodeError where it has another
    shape.
    """
    response = msgspec.json.decode(content, type=_Response)
    query = response.query
    if query is None:
        code = response.error.get("code") if isinstance(response.error, dict) else None
        raise CommonsError(printable(str(code or "no result and no error code")[:100]))
    renamed = {one.source: one.target for one in query.normalized + query.redirects}
    pages = {page.title: page for page in query.pages}
    files = {}
    for name in names:
        title = f"File:{name}"
        for _ in range(2):  # normalized, then redirected
            title = renamed.get(title, title)
        page = pages.get(title)
        versions = page.imageinfo if page is not None else []
        missing = FileInfo(error="Wikimedia Commons has no such file")
        files[name] = _file_info(versions[0]) if versions else missing
    return files


def download_url(info: _Info) -> str | None:
    """The address of the smallest thumbnail with a short side of 320 pixels; None without one.

    Thumbnails of vector drawings have any width, those of others are smaller than the original.
    """
    minimum = min(_width_for_short_side(info.width, info.height), WIDEST)
    fitting = next(width for width in LADDER if width >= minimum)
    vector = info.mime == "image/svg+xml"
    if info.thumburl and WIDTH.search(info.thumburl):
        if vector or fitting < info.width:
            return WIDTH.sub(f"{fitting}px-", info.thumburl, count=1)
        if info.mime not in USABLE or info.size > SMALL:
            smaller = [width for width in LADDER if width < info.width]
            return WIDTH.sub(f"{smaller[-1]}px-", info.thumburl, count=1) if smaller else None
    return info.url if info.mime in USABLE else info.thumburl or None


def _width_for_short_side(width: int, height: int) -> int:
    """The width at which the short side is 320 pixels."""
    if width <= 0 or height <= 0:
        return SHORT_SIDE
    return SHORT_SIDE if width <= height else -(-SHORT_SIDE * width // height)


def _file_info(info: _Info) -> FileInfo:
    metadata = info.extmetadata if isinstance(info.extmetadata, dict) else {}
    url = _web_address(download_url(info))
    return FileInfo(
        download_url=url,
        page_url=_web_address(info.descriptionurl),
        licence=_plain_text(metadata, "LicenseShortName"),
        licence_url=_web_address(_plain_text(metadata, "LicenseUrl")),
        author=_plain_text(metadata, "Artist"),
        error=None if url else f"a file of type {info.mime or 'unknown'} has no picture to fetch",
    )


def _plain_text(metadata: Mapping[str, Any], name: str) -> str | None:
    """A field of the metadata, which is HTML, as plain text of at most 500 characters."""
    field = metadata.get(name)
    value = field.get("value") if isinstance(field, dict) else None
    if not isinstance(value, str | int):
        return None
    text = html.unescape(TAG.sub(" ", str(value)[: 20 * LONGEST_FIELD]))
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())[:LONGEST_FIELD] or None


def _web_address(text: str | None) -> str | None:
    """The text where it is an http or https address of acceptable length, else None."""
    if text is None:
        return None
    text = f"https:{text}" if text.startswith("//") else text
    fits = len(text) <= LONGEST_ADDRESS and text.isprintable()
    return text if fits and re.match(r"https?://[^/?#]", text) else None
