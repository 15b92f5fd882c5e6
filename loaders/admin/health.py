"""`pgmuse health`: the view muse.health, in the terminal or as JSON."""

import json

from loaders.core import db
from loaders.core.console import CONTROLS

ROWS = """
    select check_name, subject, status, value, since, advice from muse.health
    order by array_position(array['bad', 'warning', 'ok'], status), check_name, subject
"""
NAMES = ("check", "subject", "status", "value", "since", "advice")


def health(*, as_json: bool) -> bool:
    """Print every check, the bad ones first; return whether none is bad."""
    with db.connect_to_muse() as conn:
        rows = conn.execute(ROWS).fetchall()
    if as_json:
        print(json.dumps([dict(zip(NAMES, row, strict=True)) for row in rows], default=str))
    else:
        for check, subject, status, value, since, advice in rows:
            age = f" ({since:%Y-%m-%d %H:%M})" if since else ""
            line = f"{status:<7} {check} {subject}: {_shortened(value)}{age}"
            print(CONTROLS.sub(" ", f"{line}: {advice}" if advice else line))
    return all(status != "bad" for _, _, status, *_ in rows)


def _shortened(value: str) -> str:
    """The value in less than 100 characters, cut behind a comma or a word."""
    if len(value) < 100:
        return value
    for mark in (", ", " "):
        if (end := value.rfind(mark, 50, 96)) > 0:
            return f"{value[:end]}{mark.rstrip()} ..."
    return f"{value[:96]}..."
