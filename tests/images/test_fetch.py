"""Addresses of pictures: wanted once, fetched by many, no host asked more than it allows."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg.types.json import Jsonb

from loaders.core import db as connections
from loaders.core.errors import Problem
from loaders.core.http import guard
from loaders.images import store
from loaders.images.command import Request, load_all
from loaders.images.decoding import Decoder, decoded, sha256
from loaders.images.fetch import commons, queue
from loaders.images.fetch import enqueue as wanted
from loaders.images.fetch import worker as fetch
from loaders.images.fetch.download import Failed, download
from loaders.images.forget import forget_source
from tests.factories.pictures import BLUE, GREEN, RED, add_picture, photo, shape
from tests.servers import media

STATES = "select state, count(*)::int from image_fetches group by state order by state"


@pytest.fixture(scope="module")
def decoder():
    with closing(Decoder(1)) as running:
        yield running


@pytest.fixture
def settings(host):
    return fetch.Settings(
        hosts=frozenset({host.host, "commons.wikimedia.org"}),
        contact="somebody@example.org", api=f"{host.url}/w/api.php", private=True, timeout=1,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    monkeypatch.setattr(queue, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(fetch, "IDLE", (0.01, 0.1))


@pytest.fixture
def work(fresh, host, settings, decoder):
    """Fetch as one worker does; what became of the addresses."""
    allow_more(fresh, host.host, "commons.wikimedia.org")

    def run(conn=fresh, settings=settings, decoder=decoder) -> fetch.Counts:
        client = guard.GuardedClient(
            settings.contact, settings.hosts, private=settings.private, timeout=settings.timeout
        )
        counts, stop = fetch.Counts(), threading.Event()
        queue.meet(conn, sorted(settings.hosts))
        fetch.Worker(conn, client, settings, decoder, counts, stop).run()
        return counts

    return run


def allow_more(conn, *hosts: str, **limits: int) -> None:
    """Let these hosts be asked fast, as Wikimedia's are not."""
    limits = {"requests_per_minute": 60_000, "bits_per_second": 10**10, "at_once": 2} | limits
    for host in hosts:
        conn.execute(
            "insert into muse.image_hosts (host, requests_per_minute, bits_per_second, at_once) "
            "values (%s, %s, %s, %s) on conflict (host) do update set requests_per_minute = "
            "excluded.requests_per_minute, bits_per_second = excluded.bits_per_second, "
            "at_once = excluded.at_once",
            (host, *limits.values()),
        )


def want(conn, host, *names: str) -> None:
    """Pictures of the host by their addresses; those that it has none for get one."""
    for number, name in enumerate(names):
        host.files.setdefault(name, photo(size=(330 + number, 400)))
    urls = [f"{host.url}/{name}" for name in names]
    wanted.want_addresses(conn, urls, {host.host})


def error_of(conn) -> str:
    """Why the only address cannot be had."""
    state, error = conn.execute("select state, error from image_fetches").fetchone()
    assert state == "failed", (state, error)
    return error


ARTICLE = """
    insert into muse.wikipedia (title, page_id, revision_id, wikitext, image)
    values (%(title)s, length(%(title)s), 1, '', %(image)s)
"""
REDIRECT = """
    insert into muse.wikipedia_redirects (title, article, target, page_id, revision_id)
    values ('Hound', 'Dog', 'Dog', 99, 1)
"""


# What is wanted ---------------------------------------------------------------------------------


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


@pytest.fixture
def classes(fresh):
    """Cats have an image of their own, dogs their article's, fish have none; one rare class."""
    add_item(
        fresh, "Q146", images=[("old.jpg", "normal"), ("cat 03.jpg", "preferred")], article="Cat"
    )
    add_item(fresh, "Q144", article="Hound")  # as the article was called when it was linked
    add_item(fresh, "Q152", article="Fish")
    add_item(fresh, "Q9", images=[("rare.jpg", "normal")])
    for title, image in (("Dog", "File:dog_(1).jpg"), ("Fish", None), ("Cat", "no.jpg")):
        fresh.execute(ARTICLE, {"title": title, "image": image})
    fresh.execute(REDIRECT)
    for number in range(10, 40):
        add_item(fresh, f"Q{number}", [f"Q{(146, 144, 152)[number % 3]}"])
    add_item(fresh, "Q50", ["Q9"])
    return fresh


def test_a_picture_for_every_class(classes):
    counts = wanted.want_classes(classes, 5)
    assert counts == (2, 0, 1)
    rows = "select wikidata_id, class, article, commons_file, address from image_fetches order by 1"
    assert classes.execute(rows).fetchall() == [
        (
            "Q144", "Hound", "Dog", "Dog (1).jpg",
            "https://commons.wikimedia.org/wiki/Special:FilePath/Dog_%281%29.jpg",
        ),
        (
            "Q146", "Cat", None, "Cat 03.jpg",
            "https://commons.wikimedia.org/wiki/Special:FilePath/Cat_03.jpg",
        ),
    ]  # fmt: skip
    assert wanted.want_classes(classes, 1) == (1, 2, 1)
    assert wanted.want_classes(classes, 5) == (0, 2, 1)
    assert classes.execute("select count(*) from image_fetches").fetchone() == (2,)


def test_classes_from_wikidata_to_rows(classes, host, work):
    host.files = {"Cat 03.jpg": photo(RED), "Dog (1).jpg": photo(BLUE)}
    host.sizes["Dog (1).jpg"] = (1000, 2000)
    wanted.want_classes(classes, 5)
    assert work().fetched == 2
    columns = "title, class, wikidata_id, article, page_url, licence, licence_url, author"
    rows = classes.execute(f"select {columns} from pictures order by title").fetchall()
    rights = (
        "CC BY-SA 3.0", "https://creativecommons.org/licenses/by-sa/3.0", "Some & body",
    )  # fmt: skip
    pages = "https://commons.wikimedia.org/wiki/File:"
    assert rows == [
        ("Cat", "Cat", "Q146", None, f"{pages}Cat_03.jpg", *rights),
        ("Hound", "Hound", "Q144", "Dog", f"{pages}Dog_(1).jpg", *rights),
    ]
    asked = sorted(path.rpartition("/")[2] for path in host.asked if "thumb" in path)
    assert asked == ["330px-Dog (1).jpg", "500px-Cat 03.jpg"]  # no wider than is wanted
    assert host.titles == [2]
    assert all("somebody@example.org" in agent for agent in host.agents)
    assert classes.execute(
        "select location, loaded, bad from loads where loaded > 0 order by run_id desc limit 1"
    ).fetchone() == ("classes of Wikidata", 2, 0)


def test_a_class_whose_image_changed_has_the_new_one_alone(classes, host, work):
    host.files = {"Cat 03.jpg": photo(RED), "Dog (1).jpg": photo(BLUE), "New.jpg": photo(GREEN)}
    wanted.want_classes(classes, 5)
    work()
    claims = Jsonb({"P18": [{"value": "new.jpg", "type": "commonsMedia", "rank": "normal"}]})
    classes.execute("update muse.wikidata set claims = %s where wikidata_id = 'Q146'", (claims,))
    assert wanted.want_classes(classes, 5).new == 1
    work()
    rows = "select class, location from pictures order by class"
    assert [class_name for class_name, _ in classes.execute(rows)] == ["Cat", "Hound"]
    assert classes.execute("select count(*) from images").fetchone() == (2,)


def test_fifty_titles_a_call(fresh, host, work):
    names = [f"A{n}.jpg" for n in range(53)]
    host.files = dict.fromkeys(names, photo())
    del host.files["A7.jpg"]
    add_item(fresh, "Q1")
    for n, name in enumerate(names):
        add_item(fresh, f"Q{n + 100}", images=[(name, "normal")])
        add_item(fresh, f"Q{n + 500}", [f"Q{n + 100}"])
    wanted.want_classes(fresh, 1)
    counts = work()
    assert (counts.fetched, counts.failed) == (52, 1)
    assert host.titles == [50, 3]
    assert fresh.execute("select count(*) from images").fetchone() == (1,)  # all the same
    assert fresh.execute("select count(*) from image_sources").fetchone() == (52,)
    failed = "select error from image_fetches where state = 'failed'"
    assert fresh.execute(failed).fetchone() == ("Wikimedia Commons has no such file",)


@pytest.mark.parametrize(
    ("size", "mime", "name"),
    [
        ((1600, 1200), "image/jpeg", "500px-a"), ((1200, 1600), "image/jpeg", "330px-a"),
        ((4000, 1000), "image/jpeg", "1280px-a"), ((90000, 1000), "image/jpeg", "1920px-a"),
        ((450, 400), "image/png", "a"), ((300, 200), "image/svg+xml", "500px-a"),
        ((450, 300), "image/tiff", "330px-a"), ((100, 100), "image/webp", "a"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", ["a", "Map-100px-small.png"])
def test_a_width_of_the_ladder(size, mime, name, file):
    info = commons._Info(
        url=f"https://h/3/3a/{file}", width=size[0], height=size[1], size=1000, mime=mime,
        thumburl=f"https://h/thumb/3/3a/{file}/500px-{file}",
    )  # fmt: skip
    assert commons.download_url(info).rpartition("/")[2] == name.removesuffix("a") + file


def test_titles_fit_into_an_address():
    short, long = [f"Cat {number}.jpg" for number in range(50)], ["ы" * 100 + ".jpg"] * 50
    assert list(commons.calls(short)) == [short]
    calls = list(commons.calls(long))
    assert [name for names in calls for name in names] == long
    assert all(len(urlencode(commons.fields(names))) < 6000 for names in calls)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cat 03.jpg", "Cat 03.jpg"), ("File:Cat_03.JPG", "Cat 03.JPG"), ("A%2Bb.png", "A+b.png"),
        ("a|b.jpg", None), ("", None), ("image: ä.jpg", "Ä.jpg"), ("x" * 300, None),
        ("AT&amp;T.png", "AT&T.png"),
    ],
)  # fmt: skip
def test_names_of_files(text, name):
    assert commons.file_name(text) == name


# What a host does -------------------------------------------------------------------------------


FAULTS = {
    "forbidden": (media.forbidden, "answers 403 Forbidden: is the contact right?"),
    "page": (media.web_page, "answers with text/html, not a picture"),
    "liar": (media.web_page_as_picture, "answers with not a JPEG"),
    "large": (media.too_large, "answers with 30,000,000 bytes: at most 20,000,000 are read"),
    "endless": (media.endless, "answers with more than 20,000,000 bytes"),
    "circle": (media.to("{url}/circle.png"), "leads in a circle"),
    "elsewhere": (media.to("http://example.org/a.png"), "example.org is not among the allowed"),
    "ftp": (media.to("ftp://example.org/a.png"), "is no address of the web"),
    "broken": (media.broken, "answers 500"),
    "away": (media.unavailable, "answers 503"),
    "cut": (media.cut_off, "cut the answer off"),
    "silent": (media.silent, "does not answer in time"),
    "nul": (media.raw(b"HTTP/1.1 404 a\0b\x1b[2J\r\n\r\n"), "answers 404 a\\x00b\\x1b[2J"),
    "type": (media.raw(b"HTTP/1.1 200 OK\r\nContent-Type: a/\0\r\n\r\n"), "with a/\\x00, not a"),
    "nowhere": (media.to("http://["), "leads nowhere"),
    "digits": (
        media.raw(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"),
        "not stored: not a JPEG",
    ),
    "never": (
        media.raw(b"HTTP/1.1 503 A\r\nRetry-After: Mon, 01 Jan 99999999999 00:00:00 GMT\r\n\r\n"),
        "answers 503",
    ),
}


def test_what_cannot_be_had_says_why_and_the_rest_goes_on(fresh, host, work, settings):
    want(fresh, host, *(f"{name}.png" for name in FAULTS), "good.png")
    host.faults = {f"{name}.png": [fault] * 9 for name, (fault, _) in FAULTS.items()}
    counts = work(settings=replace(settings, timeout=0.2))
    assert (counts.fetched, counts.failed, counts.problems) == (1, len(FAULTS), [])
    errors = dict(fresh.execute("select address, error from image_fetches where state = 'failed'"))
    noted = dict(fresh.execute("select place, reason from load_errors").fetchall())
    for name, (_, says) in FAULTS.items():
        address = f"{host.url}/{name}.png"
        assert says in errors[address], name
        assert says in noted[address], name
    tries = [host.asked.count(f"/{name}.png") for name in ("forbidden", "broken", "cut")]
    assert tries == [1, queue.ATTEMPTS, queue.ATTEMPTS]


def test_what_works_after_all_is_fetched(fresh, host, work):
    faults = {"a.png": media.broken, "b.png": media.cut_off, "c.png": media.unavailable}
    want(fresh, host, *faults)
    host.faults = {name: [fault, fault] for name, fault in faults.items()}
    assert work().fetched == 3
    failures = "select failures from image_hosts where host = %s"
    assert fresh.execute(failures, (host.host,)).fetchone() == (0,)


def test_what_is_not_there_is_asked_for_once(fresh, host, work):
    want(fresh, host, "a.png")
    host.files.clear()
    assert work().failed == 1
    assert "404" in error_of(fresh)
    assert len(host.asked) == 1
    host.files["a.png"] = photo()
    assert work().fetched == 0  # unless one asks for it
    queue.try_again(fresh)
    assert work().fetched == 1


def test_a_picture_that_cannot_be_decoded(fresh, host, work):
    want(fresh, host, "a.png")
    host.files["a.png"] = photo()[:200]
    assert work().failed == 1
    assert "cut-off PNG" in error_of(fresh)


def test_too_fast_once_and_everybody_waits(fresh, host, work):
    want(fresh, host, "a.png", "b.png")
    host.faults["a.png"] = [media.busy_for("1"), media.busy]
    assert work().fetched == 2
    assert host.times[1] - host.times[0] > 0.95  # as it asked for, and the other waits too
    assert fresh.execute("select max(attempts) from image_fetches").fetchone() == (1,)


def test_a_host_that_is_always_busy_is_left_alone(fresh, host, work):
    want(fresh, host, "a.png", "b.png")
    host.faults["*"] = [media.busy] * 99
    counts = work()
    assert counts.fetched == 0
    assert "answers 429 Too Many Requests, 6 times: fetch the rest later" in counts.problems[0]
    assert len(host.asked) == fetch.GIVE_UP
    waits = [later - now for now, later in zip(host.times, host.times[1:], strict=False)]
    for doublings, wait in enumerate(waits):  # a loaded machine waits longer, never shorter
        assert wait > 0.99 * queue.FIRST_WAIT * 2**doublings
    assert fresh.execute(STATES).fetchall() == [("waiting", 2)]


def test_a_host_that_asks_for_an_hour_is_left_alone_and_asked_later(fresh, host, work):
    want(fresh, host, "a.png")
    host.faults["a.png"] = [media.busy_for("3600")]
    (problem,) = work().problems
    assert "the hosts ask to wait 3,5" in problem or "3,600 s more" in problem
    assert work().problems  # also of the next worker, which asks nothing
    assert len(host.asked) == 1


def test_a_host_that_is_not_there(fresh, host, work, settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"127.0.0.1:{free.getsockname()[1]}"
    wanted.want_addresses(fresh, [f"http://{gone}/a.png"], {gone})
    allow_more(fresh, gone)
    want(fresh, host, "b.png")
    counts = work(settings=replace(settings, hosts=settings.hosts | {gone}))
    assert "cannot be reached" in counts.problems[0]
    assert counts.fetched == 1  # of the other one
    assert fresh.execute(STATES).fetchall() == [("done", 1), ("waiting", 1)]


def test_a_host_that_is_not_there_keeps_nobody_from_the_others(fresh, host, work, settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"127.0.0.1:{free.getsockname()[1]}"
    both = frozenset({gone, host.host})
    wanted.want_addresses(fresh, [f"http://{gone}/a.png"], both)
    allow_more(fresh, gone)
    fresh.execute("update muse.image_hosts set failures = 5 where host = %s", (gone,))
    for name in ("b.png", "c.png"):  # the second time it is known that it is not there
        want(fresh, host, name)
        fresh.execute("update muse.image_hosts set not_before = now() - interval '1 hour'")
        first = "update muse.image_hosts set not_before = now() - interval '1 day' where host = %s"
        fresh.execute(first, (gone,))
        counts = work(settings=replace(settings, hosts=both))
        assert counts.fetched == 1
        assert len(counts.problems) == 1


def test_a_host_does_not_ask_to_wait_for_ever(fresh, host, work):
    want(fresh, host, "a.png")
    host.faults["a.png"] = [media.busy_for("999999999999")]
    assert work().problems
    wait = "select max(not_before) - now() < interval '25 hours' from image_hosts"
    assert fresh.execute(wait).fetchone() == (True,)


@pytest.mark.parametrize(
    "fault",
    [
        media.dripping,
        media.dripping_headers,
        media.dripping_extension,
        media.dripping_trailers,
        media.slowly_to("{url}/a.png", 0.2),
    ],
    ids=["bytes", "headers", "chunk", "trailers", "redirects"],
)
def test_a_download_ends_before_its_lease(host, monkeypatch, fault):
    monkeypatch.setattr("loaders.images.fetch.download.DEADLINE", 0.5)
    host.faults["a.png"] = [fault] * 9
    with pytest.raises(Failed, match="0 s for one picture|answer in time"):  # else it drips on
        download(guard.GuardedClient("a@b.c", {host.host}, private=True), f"{host.url}/a.png")


def test_where_commons_refuses_no_file_is_to_blame(fresh, host, work):
    add_item(fresh, "Q1", images=[("a.jpg", "normal")])
    add_item(fresh, "Q2", ["Q1"])
    wanted.want_classes(fresh, 1)
    host.faults["api.php"] = [media.forbidden] * 9
    counts = work()
    assert (counts.fetched, counts.failed) == (0, 0)
    assert "answers 403 Forbidden: is the contact right?" in counts.problems[0]
    assert fresh.execute("select state, attempts from image_fetches").fetchall() == [("waiting", 0)]


def test_while_commons_lags_no_file_is_to_blame(fresh, host, work):
    add_item(fresh, "Q1", images=[("a.jpg", "normal")])
    add_item(fresh, "Q2", ["Q1"])
    host.files["A.jpg"] = photo()
    wanted.want_classes(fresh, 1)
    host.faults["api.php"] = [media.lagging] * (fetch.GIVE_UP - 1)
    assert len(host.faults["api.php"]) >= queue.ATTEMPTS
    assert work().fetched == 1


def test_commons_tells_of_a_place_that_is_none(fresh, host, work, monkeypatch):
    add_item(fresh, "Q1", images=[("a.jpg", "normal")])
    add_item(fresh, "Q2", ["Q1"])
    for url in ("ftp://example.org/a.jpg", "https://example.org:99999/a.jpg", "https://\0/a.jpg"):
        info = {"url": url, "mime": "image/jpeg", "descriptionurl": "https://a/\0"}
        page = {"title": "File:A.jpg", "imageinfo": [info]}
        monkeypatch.setattr(host, "image_info", lambda title, page=page: page)
        wanted.want_classes(fresh, 1)
        queue.try_again(fresh)
        assert work().failed == 1, url


# Politeness -------------------------------------------------------------------------------------


def test_two_downloads_at_once_whoever_asks(fresh, host, settings, decoder, work):
    want(fresh, host, *(f"{n}.png" for n in range(12)))
    host.slow = 0.05

    def one() -> None:
        with connections.connect_to_load(autocommit=True) as conn:
            work(conn)

    threads = [threading.Thread(target=one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fresh.execute(STATES).fetchall() == [("done", 12)]
    assert host.most == 2
    assert len(host.asked) == 12  # each once


def test_requests_a_minute(fresh, host, work):
    allow_more(fresh, host.host, requests_per_minute=300)
    want(fresh, host, "a.png", "b.png", "c.png")
    work()
    assert all(later - now > 0.19 for now, later in zip(host.times, host.times[1:], strict=False))


class Clock:
    """A clock that only sleeping moves; it starts now, for deadlines that are kept elsewhere."""

    def __init__(self) -> None:
        self.start, self.slept = time.monotonic(), 0.0

    def monotonic(self) -> float:
        return self.start + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def test_no_faster_than_allowed(fresh, host, work, monkeypatch):
    want(fresh, host, "a.bmp")
    host.files["a.bmp"] = photo(kind="BMP")  # 400 kB
    allow_more(fresh, host.host, bits_per_second=8 * 2 * 800_000)  # for two downloads
    rates = []
    monkeypatch.setattr(
        fetch,
        "download",
        lambda client, url, rate, sleep: rates.append(rate) or host.files["a.bmp"],
    )
    work()
    assert rates == [800_000]
    clock = Clock()
    monkeypatch.setattr("loaders.images.fetch.download.time", clock)
    client = guard.GuardedClient("a@b.c", {host.host}, private=True)
    download(client, f"{host.url}/a.bmp", 800_000, sleep=clock.sleep)
    assert 0.4 < clock.slept < 0.6
    clock.slept = 0
    download(client, f"{host.url}/a.bmp", sleep=clock.sleep)
    assert clock.slept == 0


def test_an_address_that_is_wanted_twice_is_fetched_once(classes, host, work):
    for title in ("Dog", "Fish"):
        classes.execute("update muse.wikipedia set image = 'a.jpg' where title = %s", (title,))
    host.files = {"A.jpg": photo(), "Cat 03.jpg": photo(RED, (500, 400))}
    wanted.want_classes(classes, 5)
    assert work().fetched == 2
    assert sum("A.jpg" in path for path in host.asked) == 1
    assert classes.execute("select count(*) from images").fetchone() == (2,)
    rows = "select class from image_sources order by class"
    assert [row[0] for row in classes.execute(rows)] == ["Cat", "Fish", "Hound"]


KILLED = """
import os, sys
from loaders.images.fetch import worker as fetch
settings = fetch.Settings(
    hosts=frozenset({sys.argv[1]}), contact="a@b.c", private=True, lease=float(sys.argv[2])
)
fetch.fetch_all(settings, workers=1)
"""


def test_a_worker_that_is_killed_gives_its_lease_back(fresh, host, work):
    want(fresh, host, "a.png")
    host.slow = 30
    worker = subprocess.Popen([sys.executable, "-c", KILLED, host.host, "2"], env=os.environ)
    while not host.asked:
        time.sleep(0.02)
        assert worker.poll() is None
    leased = "select lease is not null, attempts from image_fetches"
    assert fresh.execute(leased).fetchone() == (True, 1)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    host.slow = 0
    assert queue.take(fresh, [host.host]) is None  # not yet: it may be alive
    assert work().fetched == 1
    assert fresh.execute("select attempts from image_fetches").fetchone() == (2,)


def test_an_address_that_kills_every_worker_is_given_up(fresh, host, work):
    want(fresh, host, "a.png")
    queue.meet(fresh, [host.host])
    for _ in range(queue.ATTEMPTS):  # each takes it, and says nothing more
        assert queue.take(fresh, [host.host], 0)
        time.sleep(0.01)
    work()
    assert error_of(fresh) == "every worker that took it died"


def test_a_late_worker_changes_nothing(fresh, host, work):
    want(fresh, host, "a.png")
    queue.meet(fresh, [host.host])
    slow = queue.take(fresh, [host.host], 0)
    work()
    queue.fail(fresh, slow, slow.ids, "too late")
    queue.later(fresh, slow, "too late")
    assert fresh.execute(STATES).fetchall() == [("done", 1)]


# Where it goes ----------------------------------------------------------------------------------


def test_a_proxy_is_asked_and_never_named(fresh, host, monkeypatch, capfd):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"http://me:secret@127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    wanted.want_addresses(fresh, ["http://example.org/a.png"], {"example.org"})
    allow_more(fresh, "example.org")
    settings = fetch.Settings(hosts=frozenset({"example.org"}), contact="a@b.c")
    assert not fetch.fetch_all(settings, workers=1)
    (error,) = fresh.execute("select error from image_fetches").fetchone()
    assert "example.org" in error
    assert "secret" not in error + capfd.readouterr().err


# The command ------------------------------------------------------------------------------------


def test_a_contact_is_needed(fresh, monkeypatch):
    monkeypatch.delenv("PGMUSE_CONTACT", raising=False)
    with pytest.raises(Problem, match="give --contact"):
        load_all(fresh, Request(fetch=True))


def test_fetch_says_what_is_left(fresh, host, settings, capfd):
    want(fresh, host, "a.png", "b.png")
    del host.files["b.png"]
    wanted.want_addresses(fresh, ["https://example.org/c.png"], {"example.org"})
    allow_more(fresh, host.host)
    assert fetch.fetch_all(settings)
    told = capfd.readouterr().err
    assert "1 pictures fetched, 1 cannot be had (see image_fetches)" in told
    assert "1 addresses are of hosts that are not allowed: --host example.org" in told


def test_a_name_in_an_archive_is_no_address_that_was_fetched(fresh):
    add_picture(fresh, shape("ring"), "cat")
    address = commons.address("Cat 03.jpg")
    fresh.execute("update image_sources set location = %s", (address,))
    assert store.known_by_address(fresh, address) is None


def test_nobody_waits_in_a_circle(fresh, server, host):
    """Who stores waits for others that write before it holds what they may need."""
    want(fresh, host, "a.png")
    content = photo()
    made = {sha256(content): decoded(content)}
    with server.connect(dbname="fresh") as other, ThreadPoolExecutor(1) as pool:
        other.execute(store.TAKE_TURNS)
        storing = pool.submit(
            store.store_fetched, fresh, f"{host.url}/a.png", sha256(content), made
        )
        time.sleep(0.3)
        assert not storing.done()
        other.execute("set lock_timeout = 500")
        other.execute("update image_fetches set title = 'x'")
        other.commit()
        assert len(storing.result(10)) == 1


def test_forgetting_a_source_takes_what_it_wants(fresh, host, work):
    want(fresh, host, "a.png", "b.png")
    work()
    want(fresh, host, "c.png")
    assert forget_source(fresh, "addresses") == 2
    for table in ("images", "image_sources", "image_fetches"):
        assert fresh.execute(f"select from {table}").fetchone() is None, table


def test_a_bad_row_is_refused(db):
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(
            "with source as (insert into muse.sources (topic, location) values ('images', 'x') "
            "returning source_id) insert into muse.image_fetches (source_id, address, host) "
            "select source_id, 'file:///etc/passwd', 'x' from source"
        )
