"""Drawings of two colours as PNG, GIF and SVG."""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

Bits = np.ndarray[Any, np.dtype[np.bool_]]  # (size, size), True = ink
LAST = 10  # times as long as the others the last frame is shown


def png(bits: Bits) -> bytes:
    """One bit a pixel, black on white."""
    out = io.BytesIO()
    Image.fromarray(~bits).save(out, "PNG", optimize=True)
    return out.getvalue()


class _Output(io.BytesIO):
    """Bytes as a file that lets cancellations through whenever something is written."""

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
    checkpoint: Callable[[], object] = lambda: None,
) -> bytes:
    """An animation in two colours; its last frame stays LAST times as long.

    `checkpoint` is called for each frame: what it raises ends the drawing.
    """

    def pictures(some: Sequence[Bits]) -> Iterator[Image.Image]:
        for bits in some:
            checkpoint()
            yield Image.fromarray(~bits)

    (first,) = pictures(frames[:1])
    out = _Output(checkpoint)
    times = [milliseconds] * (len(frames) - 1) + [LAST * milliseconds]
    more: dict[str, Any] = {"loop": 0} if loop else {}
    rest = pictures(frames[1:])
    first.save(out, "GIF", save_all=True, append_images=rest, duration=times, **more)
    return out.getvalue()


def svg(bits: Bits) -> str:
    """Black runs of pixels on white, as one path."""
    size = len(bits)
    runs = []
    for y, row in enumerate(bits):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            runs.append(f"M{left} {y}h{right - left}v1h{left - right}z")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path d="{"".join(runs)}"/></svg>\n'
    )
