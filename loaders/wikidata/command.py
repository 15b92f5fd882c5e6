"""`load wikidata`: what the options ask for, in the order in which it is loaded."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import psycopg

from loaders.core.dumps.load import Loaded
from loaders.core.dumps.sources import has_secrets, tell
from loaders.core.errors import Problem
from loaders.core.http.client import Client
from loaders.core.pruning import MAX_PRUNE
from loaders.wikidata import api as wikibase
from loaders.wikidata.entities import Filter
from loaders.wikidata.ids import entity_id, ids_or_file, query_ids
from loaders.wikidata.load import Options
from loaders.wikidata.sources import load_dump, load_ids, load_labels, load_sample

LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,10}){0,3}")
WIKI = re.compile(r"[a-z0-9_]{2,40}")
BELOW = "select class_id from muse.subclasses_of(%s)"
OF_THE_CALL = ("again", "workers", "contact")  # not of what is loaded


class Request(NamedTuple):
    """The command's arguments and options."""

    source: str | None = None
    classes: tuple[str, ...] = ()
    subclasses: bool = False
    ids: str | None = None
    from_query: str | None = None
    sitelinks: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    limit: int | None = None
    labels: Path | None = None
    sample: bool = False
    prune: bool = False
    max_bad: int = 1000
    again: bool = False
    workers: int = 2
    contact: str | None = None
    api: str | None = None
    max_prune: float = MAX_PRUNE

    def told(self) -> dict[str, Any] | None:
        """As JSON, so that `refresh` can ask for the same; None where it cannot.

        Standard input is gone, and what may be secret in an address is not stored.
        """
        if "-" in (self.source, self.ids, self.from_query) or has_secrets(self.source or ""):
            return None
        changed = {
            name: value
            for name, value in self._asdict().items()
            if value != self._field_defaults[name] and name not in OF_THE_CALL
        }
        told = {name: _absolute(value) for name, value in changed.items()}
        # A link is followed by each refresh: it may lead to a newer dump then.
        return told | ({"source": os.path.abspath(self.source)} if _is_path(self.source) else {})

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Request":
        """What `told` told."""
        made: dict[str, Any] = {
            name: tuple(held) if isinstance(held, list) else held
            for name, held in told.items()
            if name in cls._fields and name not in OF_THE_CALL
        }
        if "labels" in made:
            made["labels"] = Path(made["labels"])
        return cls(**made)


def load_all(conn: psycopg.Connection, asked: Request) -> bool:
    """Load what is asked for and say what became of it; False where a part failed."""
    ids = _ids(asked)
    if asked.source is None and ids is None and asked.labels is None and not asked.sample:
        raise Problem("nothing to load: name a dump, --ids, --from-query, --labels or --sample")
    if asked.prune and (asked.source is None or asked.limit):
        raise Problem("--prune removes what a dump does not hold: give one, and no --limit")
    options = Options(
        asked.limit, asked.prune, asked.max_bad, asked.again, asked.workers,
        max_prune=asked.max_prune,
    )  # fmt: skip
    done: list[Loaded] = []

    def keep(name: str, loaded: Loaded | None) -> None:
        if loaded is not None:
            tell(name, loaded, "items")
            done.append(loaded)

    if asked.labels is not None:
        again = replace(options, prune=False, request=Request(labels=asked.labels).told())
        keep(str(asked.labels), load_labels(conn, asked.labels, again))
    if asked.sample:
        again = replace(options, prune=False, request=Request(sample=True).told())
        keep("sample", load_sample(conn, again))
    filter = _filter(conn, asked, ids)
    options = replace(options, request=asked._replace(labels=None, sample=False).told())
    if asked.source is not None:
        keep(asked.source, load_dump(conn, asked.source, filter, options, asked.contact))
    elif ids is not None:
        client = Client(asked.contact)
        keep(
            f"{len(ids)} ids",
            load_ids(conn, ids, filter, options, client, asked.api or wikibase.API),
        )
    return all(not loaded.failures for loaded in done)


def _absolute(value: Any) -> Any:
    """A path as it is from anywhere; what else stands there stays."""
    if isinstance(value, Path) or (isinstance(value, str) and os.path.exists(value)):
        return str(Path(value).resolve())
    return value


def _is_path(source: str | None) -> TypeGuard[str]:
    return source is not None and os.path.exists(source)


def _ids(asked: Request) -> list[str] | None:
    if asked.ids is None and asked.from_query is None:
        return None
    given = ids_or_file(asked.ids) if asked.ids is not None else []
    found = query_ids(asked.from_query) if asked.from_query is not None else []
    return list(dict.fromkeys(given + found))


def _filter(conn: psycopg.Connection, asked: Request, ids: list[str] | None) -> Filter:
    for language in asked.languages:
        if not LANGUAGE.fullmatch(language):
            raise Problem(f"no language code: {language!r}: give one like en or zh-hans")
    for wiki in asked.sitelinks:
        if not WIKI.fullmatch(wiki):
            raise Problem(f"no wiki: {wiki!r}: give one like enwiki")
    return Filter(
        class_ids=_class_ids(conn, asked) if asked.classes else None,
        ids=None if ids is None else frozenset(ids),
        sitelinks=asked.sitelinks,
        languages=asked.languages or ("en",),
        origin=_origin(asked, ids),
    )


def _origin(asked: Request, ids: list[str] | None) -> str:
    """The options of a filter: a file of ids by its path, which holds others later."""
    is_list = asked.ids in (None, "-") or not os.path.isfile(str(asked.ids))
    names = [str(_absolute(name)) for name in (asked.ids, asked.from_query) if name is not None]
    options = {
        "classes": sorted(asked.classes),
        "subclasses": asked.subclasses,
        "ids": sorted(ids or []) if is_list and asked.from_query in (None, "-") else names,
        "sitelinks": sorted(asked.sitelinks),
    }
    return json.dumps(options)


def _class_ids(conn: psycopg.Connection, asked: Request) -> frozenset[str]:
    found: set[str] = set()
    for given in asked.classes:
        known = entity_id(given)
        if known is None:
            raise Problem(f"--class takes an id like Q146, not {given!r}")
        found.add(known)
        if asked.subclasses:
            below = {class_id for (class_id,) in conn.execute(BELOW, (known,))}
            if not below:
                raise Problem(
                    f"no subclasses of {known} are known: load a dump without --subclasses first"
                )
            found |= below
    return frozenset(found)
