"""Queued addresses of pictures for tests."""

from psycopg.types.json import Jsonb

from loaders.images.fetch import enqueue
from tests.factories.pictures import photo

STATES = "select state, count(*)::int from image_fetches group by state order by state"


def allow_more(conn, *hosts: str, **limits: int) -> None:
    """Set high rate limits for these hosts."""
    limits = {"requests_per_minute": 60_000, "bits_per_second": 10**10, "at_once": 2} | limits
    for host in hosts:
        conn.execute(
            "insert into muse.image_hosts (host, requests_per_minute, bits_per_second, at_once) "
            "values (%s, %s, %s, %s) on conflict (host) do update set requests_per_minute = "
            "excluded.requests_per_minute, bits_per_second = excluded.bits_per_second, "
            "at_once = excluded.at_once",
            (host, *limits.values()),
        )


def queue_pictures(conn, host, *names: str) -> None:
    """Queue pictures of the test host, and create those that it does not serve yet."""
    for number, name in enumerate(names):
        host.files.setdefault(name, photo(size=(330 + number, 400)))
    urls = [f"{host.url}/{name}" for name in names]
    enqueue.enqueue_addresses(conn, urls, {host.host})


def error_of(conn) -> str:
    """The error of the only queued address, which must have failed."""
    state, error = conn.execute("select state, error from image_fetches").fetchone()
    assert state == "failed", (state, error)
    return error


def add_item(conn, wikidata_id: str, class_ids=(), images=(), article=None) -> None:
    claims = {
        "P18": [{"value": name, "type": "commonsMedia", "rank": rank} for name, rank in images]
    }
    conn.execute(
        "insert into muse.wikidata (wikidata_id, title, wikipedia_id, class_ids, claims) "
        "values (%s, %s, %s, %s, %s)",
        (wikidata_id, f"item {wikidata_id}", article, list(class_ids), Jsonb(claims)),
    )
    label = (wikidata_id, article)
    conn.execute("insert into muse.wikidata_labels (wikidata_id, label) values (%s, %s)", label)
