"""A local server in the shape of Wikibase's API and of a file host, that misbehaves on demand."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Wikibase(ThreadingHTTPServer):
    """`entities` by id, `redirects` by id, `file` for /file; `faults` are used up one a request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.entities: dict[str, dict] = {}
        self.redirects: dict[str, str] = {}
        self.file = b""
        self.faults: list = []
        self.asked: list[dict] = []
        self.headers: list[dict] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, fields: dict) -> dict:
        ids = fields["ids"].split("|")
        if len(ids) > 50:
            return {"error": {"code": "toomanyvalues", "info": "Too many values"}}
        for name in ids:
            if not name[1:].isdecimal():
                info = f'Could not find an entity with the ID "{name}".'
                return {"error": {"code": "no-such-entity", "info": info, "id": name}}
        found = {}
        for name in ids:
            target = self.redirects.get(name, name)
            if target not in self.entities:
                found[name] = {"id": name, "missing": ""}
                continue
            found[target] = dict(self.entities[target], pageid=1, ns=0, title=target)
            if "languages" in fields:
                found[target] |= in_languages(found[target], fields["languages"].split("|"))
            if target != name:
                found[target]["redirects"] = {"from": name, "to": target}
        return {"entities": found, "success": 1}


def in_languages(made: dict, languages: list[str]) -> dict:
    """An entity's texts in some languages."""
    return {
        name: {key: text for key, text in made[name].items() if key in languages}
        for name in ("labels", "descriptions", "aliases")
        if name in made
    }


class Handler(BaseHTTPRequestHandler):
    """One request; faults first."""

    server: Wikibase
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        fields = {key: held[0] for key, held in parse_qs(parts.query).items()}
        self.server.asked.append(fields)
        self.server.headers.append(dict(self.headers))
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault is not None and fault(self):
            return
        if parts.path == "/file":
            self.send_file()
        else:
            self.send(200, json.dumps(self.server.answer(fields)).encode())

    do_HEAD = do_GET

    def send_file(self, upto: int | None = None) -> None:
        content = self.server.file
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[start:upto])
        if upto is not None:
            self.close_connection = True

    def send(self, status: int, content: bytes, kind: str = "application/json", **headers) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, held in headers.items():
            self.send_header(name.replace("_", "-"), held)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def busy(handler: Handler) -> bool:
    handler.send(429, b"", "text/plain", Retry_After="37")
    return True


def lagged(handler: Handler) -> bool:
    error = {"error": {"code": "maxlag", "info": "7.3 seconds lagged", "lag": 7.3}}
    handler.send(200, json.dumps(error).encode(), Retry_After="5")
    return True


def broken(handler: Handler) -> bool:
    handler.send(500, b"<html>", "text/html")
    return True


def cut_off(handler: Handler) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"entities": {')
    handler.close_connection = True
    return True


def web_page(handler: Handler) -> bool:
    handler.send(200, b"<html>hello</html>", "text/html")
    return True


def forbidden(handler: Handler) -> bool:
    handler.send(403, b"", "text/plain")
    return True


def half_file(handler: Handler) -> bool:
    if handler.command == "HEAD":
        return False
    handler.send_file(upto=len(handler.server.file) // 2)
    return True


@contextmanager
def running() -> Iterator[Wikibase]:
    """The server, in a thread."""
    with Wikibase() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
