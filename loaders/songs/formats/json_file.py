"""JSON with a byte order mark, unpaired surrogates or bad UTF-8, which cost only their entry."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from loaders.songs.formats.model import BadPlaylistFile

Value = TypeVar("Value")

# An escape: a pair of surrogates, one alone, or any other.
ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
BAD_BYTES = re.compile("[\udc80-\udcff]+")  # as surrogateescape encodes them


def decode_json(decode: Callable[[bytes], Value], content: bytes, schema: str) -> Value:
    """Decode the file. Errors: BadPlaylistFile where it is not JSON, or not of the named schema."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return decode(content)
    except msgspec.ValidationError as error:
        raise BadPlaylistFile(f"no {schema}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        text = content.decode(errors="surrogateescape")
        intact = BAD_BYTES.sub(r"\\u0000", text).encode(errors="replace")
        mended = ESCAPE.sub(_replace_surrogate, intact)
        if mended != content:
            return decode_json(decode, mended, schema)
        raise BadPlaylistFile(f"{error} (byte {len(content):,} is its last)") from error


def _replace_surrogate(match: re.Match[bytes]) -> bytes:
    """A NUL for an unpaired surrogate: clean() rejects the text that holds it."""
    return rb"\u0000" if match[1] else match[0]
