"""Pictures of 10 to 16 bits a channel, which are stored in 16 bits.

Cameras and scanners store 10, 12 or 14 bits in 16. Their high bytes alone would be nearly black.
"""

from collections.abc import Callable
from typing import Any, cast

from PIL import Image, ImageChops

DEPTHS = (8, 10, 12, 14, 16)  # bits that a channel has
SWAPPED = {"B": "L", "L": "B", "N": "B"}  # the raw mode that reads the other byte


def shift_of(highest: float) -> int:
    """How far 16-bit values are shifted to the right to get 8 bits, by their largest value."""
    bits = max(int(highest), 1).bit_length()
    return next(depth for depth in DEPTHS if depth >= bits) - 8


def stretched_channels(image: Image.Image, opened: Callable[[], Image.Image]) -> Image.Image:
    """The picture; where its channels have 14 bits or fewer in 16, stretched to black to white.

    image: a loaded picture, of whose channels Pillow keeps the high bytes only. opened: opens it
    again, to read the low bytes.
    """
    raw = _raw_mode(image)
    if raw is None or image.mode not in ("RGB", "RGBA", "L", "LA"):
        return image
    colours = len(image.getbands()) - (image.mode in ("RGBA", "LA"))
    highest = max(cast(tuple[int, int], band.getextrema())[1] for band in image.split()[:colours])
    shift = shift_of(256 * highest + 255)
    if shift == 8:
        return image
    low = opened()
    _set_raw_mode(low, raw[:-1] + SWAPPED[raw[-1]])
    low.load()
    bands = list(image.split())
    for number, band in enumerate(low.split()[:colours]):
        high = bands[number].point([min(value << (8 - shift), 255) for value in range(256)])
        bands[number] = ImageChops.add(high, band.point([value >> shift for value in range(256)]))
    return Image.merge(image.mode, bands)


def _raw_mode(image: Image.Image) -> str | None:
    """The raw mode of a picture with 16 bits a channel that Pillow reduced to 8, else None."""
    raw = image.info.get(RAW_MODE)
    return raw if isinstance(raw, str) and raw[-3:-1] == "16" and raw[-1] in SWAPPED else None


RAW_MODE = "pgmuse: raw mode"  # in Image.info; Pillow forgets the tiles when it loads them


def note_raw_mode(image: Image.Image) -> None:
    """Keep the raw mode of a picture that is opened and not loaded."""
    tiles = cast(Any, image).tile
    arguments = tiles[0][3] if tiles else None
    image.info[RAW_MODE] = arguments[0] if isinstance(arguments, tuple) else arguments


def _set_raw_mode(image: Image.Image, raw: str) -> None:
    tiles = cast(Any, image).tile
    for number, tile in enumerate(tiles):
        arguments = (raw, *tile[3][1:]) if isinstance(tile[3], tuple) else raw
        tiles[number] = tile._replace(args=arguments)
