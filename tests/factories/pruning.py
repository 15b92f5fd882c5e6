"""Folders to prune, and what is stored of them."""

import os
from pathlib import Path

from tests.factories.pictures import photo

PRUNE = {"prune": True}
ALL = {"prune": True, "max_prune": 1}


def pictures_of(folder: Path, count: int) -> Path:
    """A folder of so many different pictures, half of them in one more folder."""
    for number in range(count):
        path = folder / ("more" if number % 2 else ".") / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo(size=(40 + number, 30)))
    return folder


def locations(conn) -> set[str]:
    """Where pictures are; none is without a place."""
    (lost,) = conn.execute(
        "select count(*) from images as image where not exists "
        "(select from image_sources as source where source.image_id = image.image_id)"
    ).fetchone()
    assert lost == 0
    return {location for (location,) in conn.execute("select location from image_sources")}


def last_run(conn) -> tuple[str, str | None]:
    query = "select status, message from loads order by run_id desc limit 1"
    return conn.execute(query).fetchone()


def unlistable(monkeypatch, *folders: Path) -> None:
    """The system refuses to list these."""
    really = os.scandir

    def scandir(path):
        if Path(path) in folders:
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(os, "scandir", scandir)
