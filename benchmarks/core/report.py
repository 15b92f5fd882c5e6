"""Rows of a benchmark, as a table for people or an object a line for programs."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """A figure, and beside it the peer's or the limit's; `ratio` is ours over theirs."""

    name: str
    value: float
    unit: str = ""
    peer: str = ""
    peer_value: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.peer_value if self.peer_value else None


def report(rows: Iterable[Row], *, as_json: bool) -> None:
    """Print each row as soon as it is known."""
    if not as_json:
        print(f"{'name':<58} {'value':>12} {'unit':<10} {'peer':<34} {'ratio':>9}")
    for row in rows:
        if as_json:
            print(json.dumps(asdict(row) | {"ratio": row.ratio}), flush=True)
            continue
        peer = f"{row.peer} {shown(row.peer_value)}" if row.peer_value is not None else row.peer
        ratio = shown(row.ratio) if row.ratio is not None else ""
        print(
            f"{row.name:<58} {shown(row.value):>12} {row.unit:<10} {peer:<34} {ratio:>9}",
            flush=True,
        )


def shown(value: float | None) -> str:
    """Four figures that matter."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
