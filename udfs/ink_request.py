"""Arguments of deep_ink(), validated: an error is one line with a hint."""

import difflib
import json
import math
import re
from dataclasses import dataclass
from typing import Any

from udfs import runtime

LAYERS = "select layer, channels, size from muse.ink_layers()"  # the shallowest first
LABELS = """
    select model.config ->> 'labels' as labels
    from muse.deployments as live join muse.models as model using (model_id)
    where live.name like 'ink\\_%class'
    limit 1
"""
# In the order in which SQL names them.
ARGUMENTS = (
    "layer", "channel", "label", "steps", "flips", "size", "black", "white", "border_only",
    "start", "radius", "seed", "every", "jitter", "original", "channels", "weights",
)  # fmt: skip
STEPS, FLIPS, JITTER, MIXED = 2000, 5000, 16, 100  # maxima
OFFERED = 12  # labels in a hint
SMALLEST = 7  # pixels a side
# The settings of the published program.
ORIGINAL = {
    "steps": 1000, "flips": 50, "black": -2.0, "white": 2.0, "border_only": False, "jitter": 0,
}  # fmt: skip


@dataclass(frozen=True)
class InkRequest:
    """Validated arguments. channels: number to weight. start: bits of a square, or None: a disc."""

    layer: str
    channels: dict[int, float]
    steps: int
    flips: int
    size: int
    black: float
    white: float
    border_only: bool
    radius: float
    start: str | None
    seed: int
    every: int
    jitter: int
    original: bool

    @property
    def start_side(self) -> int:
        return math.isqrt(len(self.start or ""))


def layers(plpy: Any) -> dict[str, tuple[int, int]]:
    """(channels, pixels a side of the input) by layer, the shallowest first."""
    rows = plpy.execute(LAYERS)
    return {row["layer"]: (row["channels"], row["size"]) for row in rows}


def validate(
    plpy: Any,
    live: dict[str, tuple[int, int]],
    *,
    layer: str | None,
    channel: int | None,
    label: str | None,
    channels: list[int] | None,
    weights: list[float] | None,
    **more: Any,
) -> InkRequest:
    """Validate the arguments. SQL errors: no such layer, channel or label, or a bad argument."""
    if not live:
        runtime.fail(plpy, "no ink models yet", "run: ./pgmuse train ink", "42704")
    if label is not None:
        layer = layer or "class"
        if not layer.endswith("class") or channel is not None or channels is not None:
            runtime.fail(
                plpy, "label goes with the layer class alone", "leave the other arguments out"
            )
        channel = label_number(plpy, label)
    if layer is None:
        runtime.fail(plpy, "layer is missing", f"there are {', '.join(live)}")
    if layer not in live:
        hint = f"there are {', '.join(live)}; for the others run: ./pgmuse train ink"
        runtime.fail(plpy, f"no layer {layer[:100]!r}", hint, "42704")
    count, side = live[layer]
    mix = _channels(plpy, count, channel, channels, weights)
    if more["original"]:
        more |= ORIGINAL
    _check(plpy, side, more)
    return InkRequest(layer=layer, channels=mix, **more)


def label_number(plpy: Any, label: str) -> int:
    """The channel of a class by its name, or by a unique part of its name."""
    rows = plpy.execute(LABELS)
    if not rows:
        runtime.fail(plpy, "no ink model of labels yet", "run: ./pgmuse train ink", "42704")
    names: list[str] = json.loads(rows[0]["labels"])
    lower = [name.lower() for name in names]
    text = label[:100].lower()
    if text in lower:
        return lower.index(text)
    matches = [number for number, name in enumerate(lower) if text and text in name]
    if len(matches) == 1:
        return matches[0]
    runtime.fail(plpy, f"no label {label[:100]!r}", _offer(text, names), "42704")


def _offer(text: str, names: list[str]) -> str:
    """A hint with labels that contain the text, as a word where there are some, or are similar."""
    lower = {name.lower(): name for name in names}
    words = re.compile(rf"\b{re.escape(text)}\b")
    within = [name for name in lower if words.search(name)] if text else []
    within = within or [name for name in lower if text and text in name]
    if within:
        shown = ", ".join(lower[name] for name in within[:OFFERED])
        others = len(within) - OFFERED
        return f"one of: {shown}" + (f" and {others} others" if others > 0 else "")
    near = difflib.get_close_matches(text, list(lower), n=3, cutoff=0.5)
    if near:
        return f"near: {', '.join(lower[name] for name in near)}"
    return "use a label of the classifier, such as tabby"


def _channels(
    plpy: Any, count: int, one: int | None, several: list[int] | None, weights: list[float] | None
) -> dict[int, float]:
    if (one is None) == (several is None):
        runtime.fail(plpy, "give channel or channels", f"they are from 0 to {count - 1}")
    numbers = [one] if one is not None else several or []
    if not 1 <= len(numbers) <= MIXED:
        runtime.fail(plpy, f"channels must be 1 to {MIXED} numbers")
    for number in numbers:
        if number is None or not 0 <= number < count:
            runtime.fail(plpy, f"channel must be from 0 to {count - 1}, not {number}")
    parts = [1.0] * len(numbers) if weights is None else weights
    good = all(part is not None and math.isfinite(part) and abs(part) <= 1000 for part in parts)
    if len(parts) != len(numbers) or not good or not any(parts):
        runtime.fail(plpy, "weights must be a number for each of channels, and not all 0")
    total = sum(map(abs, parts))
    mix: dict[int, float] = {}
    for number, part in zip(numbers, parts, strict=True):
        mix[number] = mix.get(number, 0) + part / total
    return mix


def _check(plpy: Any, side: int, more: dict[str, Any]) -> None:
    for name, value in more.items():
        if value is None and name != "start":
            runtime.fail(plpy, f"{name} must not be null")
    sizes = [size for size in range(SMALLEST, side + 1) if side % size == 0]
    if more["size"] not in sizes:
        allowed = ", ".join(map(str, sizes))
        runtime.fail(plpy, f"size must be one of {allowed}, not {more['size']}")
    bounds = {
        "steps": (1, STEPS), "every": (1, STEPS), "flips": (1, FLIPS), "jitter": (0, JITTER),
        "black": (-255, 510), "white": (-255, 510), "radius": (0.5, more["size"]),
    }  # fmt: skip
    for name, (low, high) in bounds.items():
        if not low <= more[name] <= high:
            runtime.fail(plpy, f"{name} must be from {low} to {high}, not {more[name]}")
    if more["black"] == more["white"]:
        runtime.fail(plpy, "black and white must differ")
    if more["start"] is not None:
        _check_start(plpy, more["start"], more["size"])


def _check_start(plpy: Any, start: str, size: int) -> None:
    side = math.isqrt(len(start))
    if side == 0 or side * side != len(start) or size % side:
        runtime.fail(
            plpy,
            f"a start of {len(start)} bits fits no drawing of {size} x {size}",
            "give a square bitmap whose side divides the size: 1,024 bits for a size of 224",
        )
