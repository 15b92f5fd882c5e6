"""Drawings of two colours as PNG, GIF and SVG."""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

Bits = np.ndarray[Any, np.dtype[np.bool_]]  # (size, size), True = ink
LAST = 10  # factor of the duration of the last frame


def enlarge(bits: Bits, scale: int) -> Bits:
    """Each pixel as a square of scale x scale pixels."""
    return bits if scale == 1 else bits.repeat(scale, axis=0).repeat(scale, axis=1)


def png(bits: Bits, scale: int = 1) -> bytes:
    """A PNG with one bit a pixel, black on white."""
    out = io.BytesIO()
    Image.fromarray(~enlarge(bits, scale)).save(out, "PNG", optimize=True)
    return out.getvalue()


class _Output(io.BytesIO):
    """A file in memory that calls a checkpoint at every write, so that queries can be cancelled."""

    def __init__(self, checkpoint: Callable[[], object]) -> None:
        super().__init__()
        self._checkpoint = checkpoint

    def write(self, data: Any, /) -> int:
        self._checkpoint()
        return super().write(data)


def gif(
    frames: Sequence[Bits],
    milliseconds: int,
    *,
    loop: bool,
    scale: int = 1,
    checkpoint: Callable[[], object] = lambda: None,
) -> bytes:
    """An animation in two colours; the last frame is shown LAST times as long.

    checkpoint: called for each frame and write; an exception of it ends the drawing.
    """

    def pictures(some: Sequence[Bits]) -> Iterator[Image.Image]:
        for bits in some:
            checkpoint()
            yield Image.fromarray(~enlarge(bits, scale))

    (first,) = pictures(frames[:1])
    out = _Output(checkpoint)
    times = [milliseconds] * (len(frames) - 1) + [LAST * milliseconds]
    more: dict[str, Any] = {"loop": 0} if loop else {}
    rest = pictures(frames[1:])
    first.save(out, "GIF", save_all=True, append_images=rest, duration=times, **more)
    return out.getvalue()


def svg(bits: Bits, scale: int = 1) -> str:
    """An SVG with runs of black pixels as one path on white, `scale` CSS pixels a pixel."""
    size = len(bits)
    side = size * scale
    runs = []
    for y, row in enumerate(bits):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            runs.append(f"M{left} {y}h{right - left}v1h{left - right}z")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" '
        f'viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path d="{"".join(runs)}"/></svg>\n'
    )
