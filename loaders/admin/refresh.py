"""What cron calls: loads again what changed since it was loaded, and trains again what grew."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from loaders.core import db
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.models import drop_retired
from loaders.core.pruning import MAX_PRUNE
from loaders.icons import command as icons
from loaders.images import sources as images
from loaders.images.fetch import enqueue as wanted
from loaders.songs import load as playlists
from loaders.songs import train as songs
from loaders.songs.word2vec import Settings
from loaders.wikidata.command import Request, load_all
from loaders.wikipedia import command as wikipedia

Repeat = Callable[[psycopg.Connection, dict[str, Any]], bool]

SOURCES = """
    select location, options, added_by, added_by is not distinct from session_user
    from muse.sources where topic = %s and loaded_at is not null
    order by source_id
"""
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)  # of options that others wrote
GREW = """
    select model.config
    from muse.deployments as live join muse.models as model using (model_id)
    where live.name = 'songs' and exists (
        select from muse.load_runs as run join muse.sources using (source_id)
        where topic = 'playlists' and run.loaded > 0 and run.finished_at > model.made_at
    )
"""
STALE_INDEXES = "select table_name, model_id from muse.stale_indexes"
KEEP_RUNS = 90  # days; alter database NAME set muse.keep_run_days = 365
PRUNE_RUNS = """
    delete from muse.load_runs as run
    where run.finished_at < now() - make_interval(days => coalesce(
        substring(current_setting('muse.keep_run_days', true) from '^[0-9]{1,5}$')::integer, %s
    )) and exists (
        select from muse.load_runs as later
        where later.source_id = run.source_id and later.run_id > run.run_id
    )
"""


def refresh(conn: psycopg.Connection, topic: str | None = None) -> bool:
    """Repeat the loads of a topic, or of all; False where one failed. `conn` is in autocommit."""
    if topic is not None and topic not in TOPICS:
        raise Problem(f"nothing to refresh under {topic!r}: {', '.join(TOPICS)}")
    good = True
    with db.lock(conn, "refresh", wait=False):
        for name, repeat in TOPICS.items():
            if topic in (None, name):
                good &= _said(repeat, conn)
        reindex(conn)
        drop_retired(conn)
        conn.execute(PRUNE_RUNS, (KEEP_RUNS,))
    return good


def refresh_playlists(conn: psycopg.Connection) -> bool:
    """Files whose content changed; then the song model, if there is one and playlists came."""
    files: dict[str | None, list[str]] = defaultdict(list)
    good, samples = True, False
    for location, options in _sources(conn, "playlists"):
        samples |= location.startswith("sample: ")
        if location.startswith("/"):
            files[options.get("format")].append(location)
    for format, locations in files.items():
        there = [location for location in locations if _is_there("playlists", location)]
        good &= len(there) == len(locations)
        good &= playlists.load_files(there, format=format, again=False, workers=2)
    if samples:
        good &= _said(_good_samples, playlists.load_samples, conn)
    for (config,) in conn.execute(GREW).fetchall():
        retrain(conn, config)
    return good


def retrain(conn: psycopg.Connection, config: dict[str, Any]) -> None:
    """The song model again, with the settings that it was made with."""
    say("training the song model again: there are new playlists")
    settings = Settings(**{name: config[name] for name in Settings.__dataclass_fields__})
    made = songs.train(conn, settings, songs.Filter(**config["filter"]))
    say(f"model {made.model_id} is live: {made.tracks:,} tracks of {made.playlists:,} playlists")


def refresh_wikidata(conn: psycopg.Connection) -> bool:
    """Dumps that changed, and entities by their ids, as they were asked for."""
    return _again(conn, "wikidata", lambda conn, request: load_all(conn, Request.of(request)))


def refresh_wikipedia(conn: psycopg.Connection) -> bool:
    """Dumps that changed."""
    return _again(conn, "wikipedia", wikipedia.load_again)


def refresh_images(conn: psycopg.Connection) -> bool:
    """Folders and archives that changed, and what classes want now; nothing is fetched."""
    with db.lock(conn, "images"):
        return _refresh_images(conn)


def _refresh_images(conn: psycopg.Connection) -> bool:
    good, samples = True, False
    for location, options in _sources(conn, "images"):
        samples |= location.startswith("sample: ")
        if location == wanted.CLASSES_OF_WIKIDATA:
            good &= _said(_want_classes, conn, options)
        elif location.startswith("/") and "files" not in options:
            there = _is_there("images", location)
            good &= there and _said(images.load_again, conn, location, options)
    if samples:
        good &= _said(_good_samples, images.load_samples, conn)
    return good


def _want_classes(conn: psycopg.Connection, options: dict[str, Any]) -> bool:
    fetches = wanted.want_classes(conn, int(options["min_count"]))
    wanted.tell(wanted.CLASSES_OF_WIKIDATA, fetches)
    return True


def _good_samples(load_samples: Callable[[psycopg.Connection], Any], conn: Any) -> bool:
    return not any(loaded.failures for loaded in load_samples(conn))


def reindex(conn: psycopg.Connection) -> None:
    """Build vector indexes again where they hold many deleted rows; readers go on meanwhile."""
    for table, model_id in conn.execute(STALE_INDEXES).fetchall():
        say(f"building the index of {table}_{model_id} again")
        conn.execute("select muse.rebuild_index(%s, %s)", (table, model_id))


def refresh_icons(conn: psycopg.Connection) -> bool:
    """Sets whose fonts or pictures changed, under the names and licences they were loaded with."""
    good, sampled = True, set[str]()
    for location, options in _sources(conn, "icons"):
        if location.startswith("sample: "):
            sampled.add(str(options.get("kind")))
        elif not _is_there("icons", location):
            good = False
        else:
            good &= _said(_load_icons, conn, location, options)
    for kind in sorted(sampled & set(icons.SAMPLES)):
        good &= icons.load(conn, kind, [], sample=True)
    return good


def _load_icons(conn: psycopg.Connection, location: str, options: dict[str, Any]) -> bool:
    kind, name, licence = options["kind"], options["set"], options["licence"]
    max_prune = options.get("max_prune", MAX_PRUNE)
    return icons.load(conn, kind, [location], name, licence, max_prune=max_prune)


TOPICS: dict[str, Callable[[psycopg.Connection], bool]] = {
    "playlists": refresh_playlists,
    "wikidata": refresh_wikidata,
    "wikipedia": refresh_wikipedia,
    "images": refresh_images,
    "icons": refresh_icons,
}


def _again(conn: psycopg.Connection, topic: str, load: Repeat) -> bool:
    good = True
    for location, options in _sources(conn, topic):
        request = options.get("request")
        if request is None:
            say(f"{location}: cannot be loaded again by itself, and is passed over")
        else:
            good &= _said(_load_request, conn, topic, load, request)
    return good


def _load_request(
    conn: psycopg.Connection, topic: str, load: Repeat, request: dict[str, Any]
) -> bool:
    path = request.get("source") or request.get("labels") or ""
    return not (path.startswith("/") and not _is_there(topic, path)) and load(conn, request)


def _sources(conn: psycopg.Connection, topic: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Location and options of the sources that this login loaded.

    Those of others are named and passed over: every loader can write rows that ask for any file or
    address, which would be read with this login's rights.
    """
    rows = conn.execute(SOURCES, (topic,)).fetchall()
    others = sorted(
        {login or "a login of an earlier version" for *_, login, own in rows if not own}
    )
    if others:
        count = sum(not own for *_, own in rows)
        say(
            f"{topic}: sources loaded by {', '.join(others)} are left to that login ({count:,}); "
            "load them again to have them refreshed by this one"
        )
    yield from ((location, options) for location, options, _, own in rows if own)


def _said(work: Callable[..., bool], *arguments: Any) -> bool:
    """What fails is said, and the rest goes on."""
    try:
        return work(*arguments)
    except Problem as error:
        say(str(error))
    except OSError as error:
        say(f"{error.filename}: {error.strerror}")
    except MALFORMED as error:
        say(f"the stored options of a source cannot be read ({error!r}): load it again")
    return False


def _is_there(topic: str, location: str) -> bool:
    # No device or pipe, which may never end. False too where a folder above cannot be read.
    if os.path.isfile(location) or os.path.isdir(location):
        return True
    say(f"{location} is gone: put it back, or ./pgmuse forget source it ({topic})")
    return False
