"""Drawings of two colours as PNG, GIF and SVG."""

import io
from collections.abc import Sequence
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


def gif(frames: Sequence[Bits], milliseconds: int, *, loop: bool) -> bytes:
    """An animation in two colours; its last frame stays LAST times as long."""
    pictures = [Image.fromarray(~bits) for bits in frames]
    out = io.BytesIO()
    times = [milliseconds] * (len(pictures) - 1) + [LAST * milliseconds]
    more: dict[str, Any] = {"loop": 0} if loop else {}
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=times, **more)
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
