"""Icons measured: what held-out ones cost the networks that ship, what these draw, and speed."""

from collections.abc import Callable, Iterator

from benchmarks.core.report import Row, report
from benchmarks.core.running import begun, check_part, fresh_server
from benchmarks.icons import drawing as icon_drawing
from benchmarks.icons import grids as icon_grids
from benchmarks.icons import quality as icon_quality
from benchmarks.icons import speed as icon_speed
from loaders.core import db
from loaders.core.shipped import load_models
from loaders.icons import TOPIC
from loaders.icons.load import IconOptions, load_all

PARTS: dict[str, Callable[[bool], Iterator[Row]]] = {
    "quality": icon_quality.rows,
    "novelty": icon_quality.novelty,
    "drawing": icon_drawing.rows,
    "speed": icon_speed.rows,
    "grids": icon_grids.rows,
}


def bench(*, as_json: bool, quick: bool, only: str | None) -> None:
    """Load the samples and the networks on a fresh server, run the parts, and let it go."""
    check_part(only, PARTS)
    report(_rows(quick, only), as_json=as_json)


def _rows(quick: bool, only: str | None) -> Iterator[Row]:
    with fresh_server():
        with db.connect_to_muse(autocommit=True) as conn:
            for kind in ("icon", "hieroglyph"):
                load_all(conn, IconOptions(kind=kind, sample=True))
            load_models(conn, TOPIC.models)
        for name, part in PARTS.items():
            if only in (None, name):
                begun(name)
                yield from part(quick)
