"""JSON of strangers: a BOM is no fault, half a character costs the entry it stands in."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from loaders.songs.formats.model import BadFile

Told = TypeVar("Told")

# An escape: a pair of surrogates, one alone, or any other.
ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def decoded(decode: Callable[[bytes], Told], content: bytes, wanted: str) -> Told:
    """What the file says; BadFile names the byte where it is no JSON, or says what was wanted."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return decode(content)
    except msgspec.ValidationError as error:
        raise BadFile(f"no {wanted}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        mended = ESCAPE.sub(_without_half, content)
        if mended != content:
            return decoded(decode, mended, wanted)
        raise BadFile(f"{error} (byte {len(content):,} is its last)") from error


def _without_half(found: re.Match[bytes]) -> bytes:
    """A NUL, just as long, for half a character: neither can be stored, and clean() says so."""
    return rb"\u0000" if found[1] else found[0]
