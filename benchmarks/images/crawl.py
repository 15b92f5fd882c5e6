"""A crawl of class pictures from a local server, at the limits of Wikimedia Commons.

7,000 pictures at 200 requests a minute take 35 minutes. So the limits themselves are measured for a
minute, and the same crawl to its end at ten times the limits: if it keeps up with those, the real
limits decide how long a crawl takes. Its process is killed once and started again.
"""

import json
import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg

from benchmarks.core.report import Row
from benchmarks.images.embedding import varied
from loaders.images.fetch import queue, worker

PICTURES, FASTER, SECONDS = 7000, 10, 60
FILES = 100  # contents that differ; each answer has bytes of its own at the end
HOSTS = "commons.wikimedia.org"
SOURCE = """
    insert into muse.sources (topic, location, options)
    values ('images', 'benchmark of a crawl', '{}') returning source_id
"""
QUEUE = """
    insert into muse.image_fetches
        (source_id, address, host, title, class, wikidata_id, commons_file)
    select %s, 'https://commons.wikimedia.org/wiki/Special:FilePath/' || i || '.jpg',
        'commons.wikimedia.org', 'class ' || i, 'class ' || i, 'Q' || i, i || '.jpg'
    from generate_series(1, %s) as i
"""
LIMITS = """
    update muse.image_hosts
    set requests_per_minute = %(times)s * requests_per_minute,
        bits_per_second = %(times)s * bits_per_second
"""
STATES = "select count(*) from muse.image_fetches where state = %s"


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """Pictures a minute beside the limit, before and after the crawl is killed."""
    count, seconds, lease = (60, 6, 5.0) if quick else (PICTURES, SECONDS, queue.LEASE)
    (source_id,) = conn.execute(SOURCE).fetchone() or (0,)
    conn.execute(QUEUE, (source_id, count))
    with serving(varied(10 if quick else FILES)) as server:
        crawl = _start(server.port, lease)
        _wait_until_begun(conn)
        before, started = _done(conn), time.perf_counter()
        time.sleep(seconds)
        done, took = _done(conn) - before, time.perf_counter() - started
        crawl.kill()  # its leases expire after two minutes
        crawl.join()
        real = 60 * done / took
        (limit,) = conn.execute(
            "select max(requests_per_minute) from muse.image_hosts"
        ).fetchone() or (1,)
        yield Row("crawl at the limits of Commons", real, "a minute", "limit", limit)
        conn.execute(LIMITS, {"times": FASTER})
        before, started = _done(conn), time.perf_counter()
        crawl = _start(server.port, lease)
        crawl.join()
        took = time.perf_counter() - started
        fast = 60 * (_done(conn) - before) / took
        yield Row(
            f"at {FASTER} times the limits, after it was killed", fast, "a minute", "limit",
            FASTER * limit,
        )  # fmt: skip
        yield Row("pictures of the crawl", _done(conn), "", "queued", count)
        yield Row("downloads, those of the killed process too", server.downloads)
    minutes = count / min(real, fast) + lease / 60
    yield Row(f"{count:,} pictures, computed with a restart", minutes, "minutes", "limit", 60)


def _start(port: int, lease: float) -> multiprocessing.process.BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=fetch, args=(port, lease))
    process.start()
    return process


def fetch(port: int, lease: float) -> None:
    """Fetch until the queue is empty, as `load images --fetch` does."""
    settings = worker.FetchSettings(
        hosts=frozenset({HOSTS, f"127.0.0.1:{port}"}), contact="benchmark@example.org",
        api=f"http://127.0.0.1:{port}/w/api.php", private=True, lease=lease,
    )  # fmt: skip
    worker.fetch_all(settings, workers=4)


def _wait_until_begun(conn: psycopg.Connection) -> None:
    deadline = time.monotonic() + 60
    while not _done(conn) and time.monotonic() < deadline:
        time.sleep(0.2)


def _done(conn: psycopg.Connection) -> int:
    (count,) = conn.execute(STATES, ("done",)).fetchone() or (0,)
    return int(count)


class Commons(ThreadingHTTPServer):
    """Answers as the API of Commons and its media host do."""

    def __init__(self, contents: list[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents = contents
        self.downloads = 0

    @property
    def port(self) -> int:
        """The port that it listens to."""
        return int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Commons
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A description of up to 50 files, or a picture."""
        address = urlsplit(self.path)
        if address.path == "/w/api.php":
            titles = parse_qs(address.query)["titles"][0].split("|")
            pages = [self._describe(title) for title in titles]
            self._send(json.dumps({"query": {"pages": pages}}).encode(), "application/json")
            return
        name = unquote(address.path.rpartition("/")[2])
        self.server.downloads += 1
        contents = self.server.contents
        content = contents[hash(name) % len(contents)] + name.encode()
        self._send(content, "image/jpeg")

    def _describe(self, title: str) -> dict[str, object]:
        name = title.removeprefix("File:")
        url = f"http://127.0.0.1:{self.server.port}/commons/{name}"
        info = {"url": url, "width": 500, "height": 375, "size": 60_000, "mime": "image/jpeg"}
        return {"title": title, "imageinfo": [info]}

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


@contextmanager
def serving(contents: list[bytes]) -> Iterator[Commons]:
    """Run the server in a thread."""
    server = Commons(contents)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
