"""The command: contact, proxy, report, forgetting."""

import socket

import psycopg
import pytest

from loaders.admin.forget import forget_source
from loaders.core.errors import Problem
from loaders.core.http import guard
from loaders.images import store
from loaders.images.fetch import commons, enqueue
from loaders.images.fetch import worker as fetch
from loaders.images.options import ImageOptions
from tests.factories.fetches import allow_more, queue_pictures
from tests.factories.loads import load_images as load_all
from tests.factories.pictures import add_picture, shape


@pytest.mark.long
def test_a_proxy_is_asked_and_never_named(fresh, host, monkeypatch, capfd):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"http://me:secret@127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    enqueue.enqueue_addresses(fresh, ["http://example.org/a.png"], {"example.org"})
    allow_more(fresh, "example.org")
    settings = fetch.FetchSettings(hosts=frozenset({"example.org"}), contact="a@b.c")
    assert not fetch.fetch_all(settings, workers=1).is_good
    (error,) = fresh.execute("select error from image_fetches").fetchone()
    assert "example.org" in error
    assert "secret" not in error + capfd.readouterr().err


def test_a_contact_is_needed(fresh, monkeypatch):
    monkeypatch.delenv("PGMUSE_CONTACT", raising=False)
    with pytest.raises(Problem, match="give --contact"):
        load_all(fresh, ImageOptions(fetch=True))


def test_fetch_says_what_is_left(fresh, host, settings, capfd):
    queue_pictures(fresh, host, "a.png", "b.png")
    del host.files["b.png"]
    enqueue.enqueue_addresses(fresh, ["https://example.org/c.png"], {"example.org"})
    allow_more(fresh, host.host)
    assert fetch.fetch_all(settings).is_good
    output = capfd.readouterr().err
    assert "1 pictures fetched, 1 failed (see image_fetches)" in output
    assert "1 addresses are of hosts that are not allowed: --host example.org" in output


def test_a_name_in_an_archive_is_no_address_that_was_fetched(fresh):
    add_picture(fresh, shape("ring"), "cat")
    address = commons.address("Cat 03.jpg")
    fresh.execute("update image_sources set location = %s", (address,))
    assert store.find_by_address(fresh, address) is None


def test_forgetting_a_source_takes_what_it_wants(fresh, host, work):
    queue_pictures(fresh, host, "a.png", "b.png")
    work()
    queue_pictures(fresh, host, "c.png")
    assert forget_source(fresh, "addresses") == {"pictures": 2}
    for table in ("images", "image_sources", "image_fetches"):
        assert fresh.execute(f"select from {table}").fetchone() is None, table


def test_a_bad_row_is_refused(db):
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(
            "with source as (insert into muse.sources (topic, location) values ('images', 'x') "
            "returning source_id) insert into muse.image_fetches (source_id, address, host) "
            "select source_id, 'file:///etc/passwd', 'x' from source"
        )


def test_hosts_and_addresses_that_are_refused(fresh):
    for url in ("http://example.org/a.png", "https://upload.wikimedia.org:8443/a.png"):
        with pytest.raises(Problem, match="--host adds it"):
            load_all(fresh, ImageOptions(sources=(url,)))
    with pytest.raises(Problem, match="at most 4,000 characters"):
        load_all(fresh, ImageOptions(sources=(f"https://upload.wikimedia.org/{'a' * 4000}",)))
    with pytest.raises(Problem, match="no names or passwords"):
        enqueue.enqueue_addresses(
            fresh, ["https://me:secret@upload.wikimedia.org/a.png"], guard.WIKIMEDIA
        )
    with pytest.raises(Problem, match="--host takes a name"):
        fetch.allowed_hosts(["https://example.org/"])
    assert load_all(
        fresh, ImageOptions(sources=("https://example.org/My_cat2.png",), hosts=("example.org",))
    )
    assert fresh.execute("select host, title from image_fetches").fetchone() == (
        "example.org",
        "My cat",
    )
