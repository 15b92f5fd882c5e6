"""Options of `load wikidata`, and the filter that they define."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import psycopg

from loaders.core.dumps.load import DumpOptions
from loaders.core.errors import Problem
from loaders.core.sources import Source
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.ids import entity_id, ids_or_file, query_ids

LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,10}){0,3}")
WIKI = re.compile(r"[a-z0-9_]{2,40}")
SUBCLASSES = "select class_id from muse.subclasses_of(%s)"
IS_STORED = """
    select from muse.wikidata_labels where wikidata_id = %(id)s
    union all
    select from muse.wikidata_classes where class_id = %(id)s
"""


@dataclass(frozen=True)
class WikidataOptions(DumpOptions):
    """source: a JSON dump, an address, or `-`; None: entities by their ids, from the web service.

    classes: ids; keep instances of these classes, with `subclasses` also of their subclasses. ids:
    a list or a file. from_query: a file with a query result. query_classes: ids; load their
    instances from the web service; query_service finds them. sitelinks: keep items with articles in
    these wikis, and their links. languages: of labels, descriptions and aliases. english_only:
    leave out items without an English name and an article in English. labels: a file of ids and
    labels. sample: load the sample too. api: the API of another Wikibase. class_items: load missing
    items of classes with at least min_count items from the web service.
    """

    source: str | None = None
    classes: tuple[str, ...] = ()
    subclasses: bool = False
    ids: str | None = None
    from_query: str | None = None
    query_classes: tuple[str, ...] = ()
    query_service: str | None = None
    sitelinks: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    english_only: bool = False
    labels: str | None = None
    sample: bool = False
    api: str | None = None
    class_items: bool = False
    min_count: int = 1

    @property
    def is_repeatable(self) -> bool:
        """Whether a refresh can repeat the load: see Source.is_repeatable."""
        locations = (
            self.source, self.ids, self.from_query, self.labels, self.api, self.query_service
        )  # fmt: skip
        return all(Source(name).is_repeatable for name in locations if name is not None)


def check_options(options: WikidataOptions) -> None:
    """Check the options before anything is loaded. Errors: Problem."""
    sources = (options.source, options.ids, options.from_query, options.labels)
    is_alone = options.sample or options.class_items or options.query_classes
    if not is_alone and not any(source is not None for source in sources):
        raise Problem(
            "nothing to load: name a dump, --ids, --from-query, --query-class, --class-items, "
            "--labels or --sample"
        )
    if options.query_classes and (options.source or options.classes):
        raise Problem("--query-class needs no dump and no --class: it finds items by itself")
    if options.prune and (options.source is None or options.limit):
        raise Problem(
            "--prune deletes items that a dump no longer holds: give a dump, and no --limit"
        )
    for language in options.languages:
        if not LANGUAGE.fullmatch(language):
            raise Problem(f"no language code: {language!r}: give one like en or zh-hans")
    for wiki in options.sitelinks:
        if not WIKI.fullmatch(wiki):
            raise Problem(f"no wiki: {wiki!r}: give one like enwiki")


def read_ids(options: WikidataOptions) -> list[str] | None:
    """The ids of --ids and --from-query, each once; None without these options."""
    if options.ids is None and options.from_query is None:
        return None
    listed = ids_or_file(options.ids) if options.ids is not None else []
    queried = query_ids(options.from_query) if options.from_query is not None else []
    return list(dict.fromkeys(listed + queried))


def build_filter(
    conn: psycopg.Connection, options: WikidataOptions, ids: list[str] | None
) -> EntityFilter:
    """The filter of the options. ids: the result of read_ids. Errors: Problem."""
    return EntityFilter(
        class_ids=_class_ids(conn, options) if options.classes else None,
        ids=None if ids is None else frozenset(ids),
        sitelinks=options.sitelinks,
        languages=options.languages or ("en",),
        english_only=options.english_only,
        origin=_origin(options, ids),
    )


def _origin(options: WikidataOptions, ids: list[str] | None) -> str:
    """The options of a filter as text; a file of ids by its path, because its content changes."""
    is_list = options.ids in (None, "-") or not os.path.isfile(str(options.ids))
    files = [_resolved(name) for name in (options.ids, options.from_query) if name is not None]
    origin = {
        "classes": sorted(options.classes),
        "subclasses": options.subclasses,
        "ids": sorted(ids or []) if is_list and options.from_query in (None, "-") else files,
        "sitelinks": sorted(options.sitelinks),
    } | ({"english_only": True} if options.english_only else {})
    return json.dumps(origin)


def _resolved(name: str) -> str:
    return str(Path(name).resolve()) if os.path.exists(name) else name


def _class_ids(conn: psycopg.Connection, options: WikidataOptions) -> frozenset[str]:
    class_ids: set[str] = set()
    for text in options.classes:
        class_id = entity_id(text)
        if class_id is None:
            raise Problem(f"--class takes an id like Q146, not {text!r}")
        class_ids.add(class_id)
        if options.subclasses:
            subclasses = {row[0] for row in conn.execute(SUBCLASSES, (class_id,))}
            if not subclasses and conn.execute(IS_STORED, {"id": class_id}).fetchone() is None:
                raise Problem(
                    f"nothing is stored of {class_id}, so its subclasses are unknown: load a dump "
                    "without --subclasses first"
                )
            class_ids |= subclasses
    return frozenset(class_ids)
