"""A local server that answers as Wikibase's API, its query service and a file host do."""

import json
import re
from contextlib import AbstractContextManager
from urllib.parse import parse_qs, urlsplit

from tests.servers import base
from tests.servers.faults import Fault


class Wikibase(base.Server):
    """`entities` by id, `redirects` by id, `file` for /file; `faults` are used up one a request.

    /sparql knows the query for instances of a class alone.
    """

    def __init__(self) -> None:
        super().__init__(Handler)
        self.entities: dict[str, dict] = {}
        self.redirects: dict[str, str] = {}
        self.file = b""
        self.faults: list[Fault] = []
        self.requests: list[dict] = []
        self.headers: list[dict] = []

    def response(self, fields: dict) -> dict:
        ids = fields["ids"].split("|")
        if len(ids) > 50:
            return {"error": {"code": "toomanyvalues", "info": "Too many values"}}
        for name in ids:
            if not name[1:].isdecimal():
                info = f'Could not find an entity with the ID "{name}".'
                return {"error": {"code": "no-such-entity", "info": info, "id": name}}
        entities = {}
        for name in ids:
            target = self.redirects.get(name, name)
            if target not in self.entities:
                entities[name] = {"id": name, "missing": ""}
                continue
            entities[target] = self.entity(target, fields)
            if target != name:
                entities[target]["redirects"] = {"from": name, "to": target}
        return {"entities": entities, "success": 1}

    def query(self, query: str) -> dict:
        class_ids = set(re.findall(r"wd:(Q\d+)", query))
        while "P279" in query:
            below = {
                name for name in self.entities if self.values(name, "P279") & class_ids
            } - class_ids
            if not below:
                break
            class_ids |= below
        limit = re.search(r"LIMIT (\d+)", query)
        names = [name for name in self.entities if self.values(name, "P31") & class_ids]
        bindings = [
            {
                "item": {"type": "uri", "value": f"http://www.wikidata.org/entity/{name}"},
                "revision": {"type": "literal", "value": str(self.entities[name]["lastrevid"])},
            }
            for name in names[: int(limit[1]) if limit else None]
        ]
        return {"head": {"vars": ["item", "revision"]}, "results": {"bindings": bindings}}

    def values(self, name: str, property: str) -> set[str]:
        """The ids of the values of an entity that are not deprecated."""
        return {
            statement["mainsnak"]["datavalue"]["value"]["id"]
            for statement in self.entities[name]["claims"].get(property, [])
            if statement["rank"] != "deprecated" and "datavalue" in statement["mainsnak"]
        }

    def entity(self, name: str, fields: dict) -> dict:
        entity = dict(self.entities[name], pageid=1, ns=0, title=name)
        if "languages" in fields:
            entity |= texts(entity, fields["languages"].split("|"))
        return entity


def texts(entity: dict, languages: list[str]) -> dict:
    """An entity's texts in some languages."""
    return {
        name: {key: text for key, text in entity[name].items() if key in languages}
        for name in ("labels", "descriptions", "aliases")
        if name in entity
    }


class Handler(base.Handler):
    """One request; faults first."""

    server: Wikibase

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        fields = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.server.requests.append(fields)
        self.server.headers.append(dict(self.headers))
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault is not None:
            fault(self)
        elif parts.path == "/file":
            self.send_file()
        elif parts.path == "/sparql":
            content = json.dumps(self.server.query(fields["query"])).encode()
            self.send(200, content, "application/sparql-results+json")
        else:
            self.send(200, json.dumps(self.server.response(fields)).encode())

    do_HEAD = do_GET

    def send_file(self, upto: int | None = None) -> None:
        content = self.server.file
        span = self.headers.get("Range")
        start = int(span.removeprefix("bytes=").partition("-")[0]) if span else 0
        self.send_response(206 if span else 200)
        if span:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[start:upto])
        if upto is not None:
            self.close_connection = True


def half_file(handler: Handler) -> None:
    """Send half of the file, and all of its headers."""
    half = len(handler.server.file) // 2
    handler.send_file(upto=half if handler.command == "GET" else None)


def running() -> AbstractContextManager[Wikibase]:
    """Run the server in a thread."""
    return base.serving(Wikibase())
