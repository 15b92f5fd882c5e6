"""Loads as the command runs them; True where no part failed."""

from collections.abc import Iterable, Sequence

import psycopg

from loaders.core.runs import LoadResult
from loaders.icons.load import IconOptions
from loaders.icons.load import load_all as load_all_icons
from loaders.images.load import load_all as load_all_images
from loaders.images.options import ImageOptions
from loaders.songs.load import SongOptions
from loaders.songs.load import load_files as load_playlist_files
from loaders.sounds.load import load_all as load_all_sounds
from loaders.sounds.options import SoundOptions
from loaders.wikidata.load import load_all as load_all_wikidata
from loaders.wikidata.options import WikidataOptions
from loaders.wikipedia.load import WikipediaOptions
from loaders.wikipedia.load import load_all as load_all_wikipedia


def are_good(results: Iterable[LoadResult]) -> bool:
    return all(result.is_good for result in results)


def load_files(conn: psycopg.Connection, files: Sequence[str], **options: object) -> bool:
    return are_good(load_playlist_files(conn, SongOptions(files=tuple(files), **options)))


def load_wikidata(conn: psycopg.Connection, options: WikidataOptions) -> bool:
    return are_good(load_all_wikidata(conn, options))


def load_wikipedia(conn: psycopg.Connection, options: WikipediaOptions) -> bool:
    return are_good(load_all_wikipedia(conn, options))


def load_images(conn: psycopg.Connection, options: ImageOptions) -> bool:
    return are_good(load_all_images(conn, options))


def load_sounds(conn: psycopg.Connection, *sources: object, **options: object) -> bool:
    names = tuple(str(source) for source in sources)
    return are_good(load_all_sounds(conn, SoundOptions(sources=names, workers=1, **options)))


def load_icons(
    conn: psycopg.Connection,
    kind: str,
    sources: Sequence[str],
    icon_set: str | None = None,
    licence: str | None = None,
    **options: object,
) -> bool:
    request = IconOptions(
        kind=kind, sources=tuple(sources), icon_set=icon_set, licence=licence, **options
    )
    return are_good(load_all_icons(conn, request))
