"""Requests for entities by their ids: batches, retries, errors, limits."""

import bz2
import json

import pytest

from loaders.core import streams as compressed
from loaders.core.errors import Problem
from loaders.core.http import downloads
from loaders.core.http.client import Client
from loaders.wikidata import api
from loaders.wikidata.ids import ids_or_file, parse_ids, query_ids
from tests.factories.wikidata import FRAMINGS, entity
from tests.servers import faults, wikibase

pytestmark = pytest.mark.unit


FAULTS = {
    "busy": faults.busy_for("37"),
    "lagged": faults.lagged,
    "broken": faults.broken,
    "cut_off": faults.cut_off_json,
    "web_page": faults.web_page,
    "forbidden": faults.forbidden,
}


def fetched(service, client, *ids):
    return list(api.entities(ids, client, api=service.url))


def test_a_request_has_fifty_ids(service, client):
    service.entities = {f"Q{n}": json.loads(entity(f"Q{n}", "x")) for n in range(1, 121)}
    assert len(fetched(service, client, *service.entities)) == 120
    assert [fields["ids"].count("|") + 1 for fields in service.requests] == [50, 50, 20]


def test_missing_redirected_and_bad_ids_lose_no_other(service, client):
    service.redirects["Q900"] = "Q1"
    entries = fetched(service, client, "Q1", "Q900", "Q404", "Qx", "Q2")
    assert api.ApiRedirect("Q900", "Q1") in entries
    assert {entry.id for entry in entries if isinstance(entry, api.Missing)} == {"Q404", "Qx"}
    assert sorted(json.loads(entry)["id"] for entry in entries if isinstance(entry, bytes)) == [
        "Q1",
        "Q2",
    ]


@pytest.mark.parametrize(
    ("fault", "wait"),
    [("busy", 37), ("lagged", 5), ("broken", 5), ("cut_off", 5)],
)
def test_it_waits_as_long_as_the_service_says(service, client, waits, fault, wait):
    service.faults = [FAULTS[fault]]
    assert len(fetched(service, client, "Q1")) == 1
    assert waits == [wait]


def test_it_gives_up_after_five_tries(service, client, waits):
    service.faults = [faults.broken] * 9
    with pytest.raises(Problem, match="answers 500 .*5 times: try again later"):
        fetched(service, client, "Q1")
    assert len(waits) == 4


@pytest.mark.parametrize(("fault", "words"), [("web_page", "not JSON"), ("forbidden", "contact")])
def test_permanent_errors_are_not_retried(service, client, waits, fault, words):
    service.faults = [FAULTS[fault]]
    with pytest.raises(Problem, match=words):
        fetched(service, client, "Q1")
    assert waits == []


def test_services_require_a_contact(monkeypatch):
    monkeypatch.delenv("PGMUSE_CONTACT", raising=False)
    for contact in (None, "", "no contact", "a@b\r\nX-Evil: 1"):
        with pytest.raises(Problem, match="contact"):
            Client(contact)


def test_a_cut_off_download_resumes(service, monkeypatch):
    monkeypatch.setenv("PGMUSE_CONTACT", "somebody@example.org")
    monkeypatch.setattr(downloads.open_url, "__kwdefaults__", {"sleep": lambda seconds: None})
    text = FRAMINGS["dump"]([entity(f"Q{n}", f"Item {n}") for n in range(1, 3000)]).encode()
    service.file = bz2.compress(text)
    service.faults = [wikibase.half_file]
    stream = compressed.open_compressed(f"{service.url}/file")
    content = b"".join(iter(lambda: stream.read(100_000), b""))
    stream.close()
    assert content == text
    assert "Range" in service.headers[1]


def test_only_http_addresses_are_requested():
    for url in ("file:///etc/passwd", "ftp://example.org/x"):
        with pytest.raises(Problem):
            Client("a@b.org").get(url, read=str)


def test_ids_from_a_list_a_file_and_a_query(tmp_path):
    assert parse_ids("Q146, wd:Q144,http://www.wikidata.org/entity/Q5") == ["Q146", "Q144", "Q5"]
    listed = tmp_path / "ids.txt"
    listed.write_text("Q1\n\n# what for\nQ2  # Tom\nQ1\n")
    assert ids_or_file(str(listed)) == ["Q1", "Q2"]
    csv = tmp_path / "query.csv"
    csv.write_text("name,item\nCat,http://www.wikidata.org/entity/Q146\n")
    assert query_ids(str(csv)) == ["Q146"]
    bindings = [{"item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q144"}}]
    result = tmp_path / "query.json"
    result.write_text(json.dumps({"results": {"bindings": bindings}}))
    assert query_ids(str(result)) == ["Q144"]
    for bad in ("x,y", str(tmp_path / "none.txt")):
        with pytest.raises(Problem):
            ids_or_file(bad)
