"""A local server that answers as Spotify's API and its login do."""

import json
from contextlib import AbstractContextManager
from urllib.parse import parse_qs, urlencode, urlsplit

from loaders.songs.spotify.login import Service
from tests.servers import base
from tests.servers.faults import Fault


class Spotify(base.Server):
    """`playlists` by id (title, entries), `faults` by path, used up one a request.

    largest_search, largest_page: more is refused. is_old: the shapes of before 2026. withheld:
    ids without items. owner: of the playlists that the user's library has.
    """

    def __init__(self) -> None:
        super().__init__(Handler)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.playlists: dict[str, tuple[str | None, list]] = {}
        self.snapshots: dict[str, str] = {}
        self.withheld: set[str] = set()
        self.forbidden: set[str] = set()
        self.library: list[str] = []
        self.liked: list = []
        self.created: dict[str, list[str]] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.pages: list[tuple[str, int]] = []  # that were sent: paths and places
        self.tokens = ["token-1"]  # the last one is valid
        self.logins: list[dict[str, str]] = []
        self.largest_search, self.largest_page = 50, 50
        self.is_old = False
        self.total: int | None = None  # what pages say; None: the truth
        self.repeats = False  # each page is the first one

    @property
    def service(self) -> Service:
        return Service(f"{self.url}/v1/", f"{self.url}/", 1)

    def add(self, spotify_id: str, title: str | None, entries: list) -> None:
        self.playlists[spotify_id] = (title, entries)
        self.snapshots[spotify_id] = "1"

    def summary(self, spotify_id: str) -> dict:
        title, entries = self.playlists[spotify_id]
        size = {"href": "https://…", "total": len(entries)}
        owner = {"id": "somebody", "display_name": None, "type": "user"}
        return {
            "id": spotify_id, "name": title, "description": "", "collaborative": False,
            "type": "playlist", "snapshot_id": self.snapshots[spotify_id], "images": [],
            "owner": owner, "tracks" if self.is_old else "items": size,
        }  # fmt: skip

    def search(self, word: str) -> list[dict | None]:
        results = [
            self.summary(spotify_id)
            for spotify_id, (title, _) in self.playlists.items()
            if word in (title or "").lower()
        ]
        return [*results[:1], None, *results[1:]]

    def entries(self, spotify_id: str) -> list:
        key = "track" if self.is_old else "item"
        entries = self.playlists[spotify_id][1]
        return [None if one is None else {key: one, "is_local": False} for one in entries]

    def page(self, entries: list, fields: dict[str, str], path: str) -> dict:
        place, size = int(fields.get("offset", 0)), int(fields["limit"])
        start = 0 if self.repeats else place
        self.pages.append((path if path != "/v1/search" else fields["q"], place))
        following = f"{self.url}{path}?{urlencode(fields | {'offset': place + size})}"
        return {
            "href": "https://…", "limit": size, "offset": place, "total": len(entries) if self.total is None else self.total,
            "next": following if place + size < len(entries) else None,
            "items": entries[start : start + size],
        }  # fmt: skip


class Handler(base.Handler):
    """One request; faults first."""

    server: Spotify

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = parts.path.rstrip("/")
        fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.requests.append((path, fields))
        if self.fault(path):
            return
        if self.headers["Authorization"] != f"Bearer {self.server.tokens[-1]}":
            self.refuse(401, "The access token expired")
            return
        self.answer(path, fields)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if self.fault(path):
            return
        if path == "/api/token":
            self.log_in({k: v[0] for k, v in parse_qs(content.decode()).items()})
        elif path == "/v1/me/playlists":
            self.server.created["3" * 22] = []
            self.json(201, {"id": "3" * 22, "asked": json.loads(content)})
        else:
            self.server.created[path.split("/")[3]] += json.loads(content)
            self.json(201, {"snapshot_id": "2"})

    def fault(self, path: str) -> bool:
        """Answer wrongly, if a fault is left for this path."""
        faults = self.server.faults.get(path) or self.server.faults.get("*")
        if not faults:
            return False
        faults.pop(0)(self)
        return True

    def log_in(self, fields: dict[str, str]) -> None:
        self.server.logins.append(fields)
        if fields.get("refresh_token") == "revoked":
            self.json(400, {"error": "invalid_grant", "error_description": "Refresh token revoked"})
            return
        token = f"token-{len(self.server.tokens) + 1}"
        self.server.tokens.append(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        if fields["grant_type"] != "client_credentials":
            scope = "playlist-read-private playlist-read-collaborative user-library-read"
            answer |= {"refresh_token": "refresh-1", "scope": scope}
        self.json(200, answer)

    def answer(self, path: str, fields: dict[str, str]) -> None:
        server = self.server
        if path == "/v1/search":
            if int(fields["limit"]) > server.largest_search:
                self.refuse(400, "Invalid limit")
            else:
                results = server.search(fields["q"])
                self.json(200, {"playlists": server.page(results, fields, path)})
        elif path == "/v1/me":
            self.json(200, {"id": "somebody", "display_name": None})
        elif path == "/v1/me/playlists":
            listed = [server.summary(one) for one in server.library]
            self.json(200, server.page(listed, fields, path))
        elif path == "/v1/me/tracks":
            listed = [{"added_at": "2026-01-01T00:00:00Z", "track": one} for one in server.liked]
            self.json(200, server.page(listed, fields, path))
        else:
            self.playlist(path, fields)

    def playlist(self, path: str, fields: dict[str, str]) -> None:
        server = self.server
        _, _, _, spotify_id, *rest = path.split("/")
        if spotify_id in server.forbidden and rest:
            self.refuse(403, "Forbidden")
        elif spotify_id not in server.playlists:
            self.refuse(404, "Resource not found")
        elif not rest:
            self.json(200, server.summary(spotify_id))
        elif int(fields["limit"]) > server.largest_page:
            self.refuse(400, "Invalid limit")
        elif spotify_id in server.withheld:
            self.json(200, {"href": "https://…"})
        else:
            self.json(200, server.page(server.entries(spotify_id), fields, path))

    def refuse(self, status: int, message: str) -> None:
        self.json(status, {"error": {"status": status, "message": message}})

    def json(self, status: int, value: object) -> None:
        self.send(status, json.dumps(value).encode(), "application/json; charset=utf-8")


def running() -> AbstractContextManager[Spotify]:
    """Run the server in a thread."""
    return base.serving(Spotify())
