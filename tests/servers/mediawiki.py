"""A local server that answers as MediaWiki's API does."""

import json
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers import base
from tests.servers.faults import Fault


class MediaWiki(base.Server):
    """A wiki with `texts` by title; `faults` are used up one a request.

    at_once: pages with text in a response; the service cuts off the others and says so.
    """

    def __init__(self, wiki: str = "dewiki") -> None:
        super().__init__(Handler)
        self.wiki = wiki
        self.texts: dict[str, str] = {}
        self.revisions: dict[str, int] = {}
        self.aliases = [{"id": 6, "alias": "Bild"}]
        self.at_once = 50
        self.faults: list[Fault | None] = []
        self.requests: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []

    def page(self, title: str) -> dict[str, Any]:
        if title not in self.texts:
            return {"ns": 0, "title": title, "missing": True}
        number = sorted(self.texts).index(title) + 1
        space = 14 if title.startswith("Kategorie:") else 0
        revision = self.revisions.get(title, 10)
        return {"pageid": number, "ns": space, "title": title, "lastrevid": revision}

    def response(self, fields: dict[str, str]) -> dict[str, Any]:
        if fields.get("meta") == "siteinfo":
            names = {"0": {"id": 0, "name": ""}, "6": {"id": 6, "name": "Datei"},
                     "14": {"id": 14, "name": "Kategorie", "canonical": "Category"}}  # fmt: skip
            return {"query": {"general": {"wikiid": self.wiki}, "namespaces": names,
                              "namespacealiases": self.aliases}}  # fmt: skip
        if "titles" in fields:
            titles = fields["titles"].split("|")
            assert len(titles) <= 50
            upper = {title: title[:1].upper() + title[1:] for title in titles}
            normalized = [{"from": a, "to": b} for a, b in upper.items() if a != b]
            pages = [self.page(title) for title in dict.fromkeys(upper.values())]
            return {"query": {"normalized": normalized, "pages": pages}}
        return self.revisions_of(fields)

    def revisions_of(self, fields: dict[str, str]) -> dict[str, Any]:
        chosen = [sorted(self.texts)[int(number) - 1] for number in fields["pageids"].split("|")]
        start = int(fields.get("rvcontinue", 0))
        pages = []
        for place, title in enumerate(chosen):
            page = self.page(title)
            if start <= place < start + self.at_once:
                slot = {"contentmodel": "wikitext", "content": self.texts[title]}
                page["revisions"] = [{"revid": page["lastrevid"], "timestamp":
                                      "2024-05-06T07:08:09Z", "slots": {"main": slot}}]  # fmt: skip
            pages.append(page)
        more = start + self.at_once < len(chosen)
        following = {"continue": {"rvcontinue": str(start + self.at_once), "continue": "||"}}
        return {"query": {"pages": pages}} | (following if more else {})


class Handler(base.Handler):
    """One request; faults first."""

    server: MediaWiki

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        fields = {key: values[0] for key, values in query.items()}
        self.server.requests.append(fields)
        self.server.headers.append(dict(self.headers))
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault is not None:
            fault(self)
        else:
            self.send(200, json.dumps(self.server.response(fields)).encode())


def running() -> AbstractContextManager[MediaWiki]:
    """Run the server in a thread."""
    return base.serving(MediaWiki())
