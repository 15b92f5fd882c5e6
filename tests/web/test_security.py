"""Limits, headers, and requests from other sites."""

import asyncio

import pytest
from starlette.testclient import TestClient

from web.app import create_app
from web.limits import AtOnce
from web.security import HostNames
from web.settings import Settings

ADDRESSES = [
    "/",
    "/nothing",
    "/images/search",
    "/static/style.css",
    "/health.json",
    "/openapi.json",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_has_the_headers(site, address):
    headers = site.get(address).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": "http://["},
    ],
)
def test_a_form_of_another_site_is_refused(site, headers):
    answer = site.post("/drawings", data={"drawing": "icon"}, headers=headers)
    words = {"detail": "this request comes from another site"}
    assert (answer.status_code, answer.json()) == (403, words)
    assert site.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"sec-fetch-site": "same-origin"}, {"origin": "http://localhost"}]
)
def test_own_forms_and_programs_are_served(site, headers):
    assert site.post("/drawings", data={"drawing": "nothing"}, headers=headers).status_code == 422


def test_other_host_names_are_refused(site):
    """A name of an attacker that leads to 127.0.0.1 would read what is private."""
    for host in ("evil.example", "localhost@evil.example", "localhost/", "127.0.0.1.evil.example"):
        answer = site.get("/", headers={"host": host})
        assert (answer.status_code, "--name" in answer.json()["hint"]) == (400, True)


@pytest.mark.parametrize(
    "host",
    ["localhost:8765", "LOCALHOST", "localhost.", "127.0.0.1:8765", "[::1]", "[::1]:8765", "10.0.0.7"],
)  # fmt: skip
def test_own_names_and_addresses_in_numbers_are_served(site, host):
    assert site.get("/api", headers={"host": host}).status_code == 200


def test_names_may_stand_for_all_below():
    names = HostNames(None, ("*.Example.org",))
    assert names.is_ours("a.example.org:8765")
    assert not names.is_ours("example.org")
    assert HostNames(None, ("*",)).is_ours("anything")


def test_pages_are_not_kept_by_others_and_files_are_asked_for_again(site):
    for address in ("/health.json", "/static/style.css", "/songs/radio?seed=a"):
        assert site.get(address).headers["cache-control"] == "private, no-cache", address
    assert site.get("/nothing").headers["cache-control"] == "no-store"


def test_head_is_get_without_a_body(site):
    for address in ("/api", "/songs/radio?seed=a", "/static/style.css"):
        head, get = site.head(address), site.get(address)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]


def test_errors_of_ours_have_words_and_headers(bare, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr("web.wikidata.render", fail)
    # Not as a context: its end would close the pool of `bare`.
    client = TestClient(bare.app, base_url="http://localhost", raise_server_exceptions=False)
    answer = client.get("/wikidata")
    assert answer.status_code == 500
    assert "error of the pages" in answer.json()["detail"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_more_requests_than_the_limit_are_503(bare):
    async def request(app):
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
        messages = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            messages.append(message)

        await app(scope, receive, send)
        return messages

    inner = []

    async def app(scope, receive, send):
        inner.extend(await request(limited))

    limited = AtOnce(app, uploads=1, seconds=0.01)
    asyncio.run(request(limited))
    headers = dict(inner[0]["headers"])
    assert (inner[0]["status"], headers[b"retry-after"]) == (503, b"30")
    assert b"too much is requested at once" in inner[1]["body"]
    assert not limited.uploads.locked()


def test_a_request_waits_until_another_ends():
    served = []

    async def app(scope, receive, send):
        await asyncio.sleep(0)
        served.append(scope["number"])

    async def run():
        limited = AtOnce(app, uploads=1)
        scope = {"type": "http", "method": "POST"}
        await asyncio.gather(*(limited(scope | {"number": n}, None, None) for n in range(5)))

    asyncio.run(run())
    assert served == [0, 1, 2, 3, 4]


def test_large_bodies_are_refused_whether_they_say_so_or_not(server):
    settings = Settings(upload=50_000, connections=1)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        answer = client.post("/images/search", files={"file": ("a.jpg", b"x" * 60_000)})
        assert (answer.status_code, "at most" in answer.json()["detail"]) == (413, True)
        boundary = {"content-type": "multipart/form-data; boundary=b"}
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        chunks = iter([head, *[b"x" * 10_000] * 9])
        answer = client.post("/images/search", content=chunks, headers=boundary)
        assert (answer.status_code, "at most" in answer.text) == (413, True)


def test_sessions_read_only_as_readers(site):
    with site.app.state.database.connection() as conn:
        assert conn.execute("select current_user as one").fetchone() == {"one": "muse_reader"}
        timeout = conn.execute("show statement_timeout").fetchone()
    assert timeout == {"statement_timeout": "30s"}


@pytest.mark.parametrize(
    "text", ["%00", "\ud800".encode("utf8", "surrogatepass"), "'; drop table x --", "%"]
)
def test_odd_text_is_no_error_of_the_server(site, text):
    for address in ("/songs/complete", "/songs", "/wikidata"):
        quoted = text if isinstance(text, str) else "%ED%A0%80"
        answer = site.get(f"{address}?q=abc{quoted}")
        assert answer.status_code == (400 if text == "%00" else 200)
        assert answer.status_code == 200 or "cannot store" in answer.json()["detail"]
