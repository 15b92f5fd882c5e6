"""Limits, headers, and requests from other sites."""

import pytest
from starlette.testclient import TestClient

from web.app import create_app
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
    ],
)
def test_a_form_of_another_site_is_refused(site, headers):
    answer = site.post("/drawings", data={"drawing": "icon"}, headers=headers)
    assert (answer.status_code, answer.text) == (403, "this request comes from another site")
    assert site.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"sec-fetch-site": "same-origin"}, {"origin": "http://localhost"}]
)
def test_own_forms_and_programs_are_served(site, headers):
    assert site.post("/drawings", data={"drawing": "nothing"}, headers=headers).status_code == 422


def test_other_host_names_are_refused(site):
    """A name of an attacker that leads to 127.0.0.1 would read what is private."""
    assert site.get("/", headers={"host": "evil.example"}).status_code == 400
    for host in ("localhost:8765", "127.0.0.1:8765"):
        assert site.get("/", headers={"host": host}).status_code == 200


def test_large_bodies_are_refused_whether_they_say_so_or_not(server):
    settings = Settings(upload=50_000, connections=1)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        answer = client.post("/images/search", files={"file": ("a.jpg", b"x" * 60_000)})
        assert answer.status_code == 413
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
        assert site.get(f"{address}?q=abc{quoted}").status_code < 500
