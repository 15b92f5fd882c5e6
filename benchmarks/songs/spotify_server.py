"""A server that answers as Spotify's API does, with made-up playlists: its port is printed."""

import json
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PLAYLISTS, WORDS, TRACKS = 400_000, 20_000, 2_260_000
RESULTS, LENGTH = 1000, 66


def word(dice: random.Random) -> str:
    """A word; few are common."""
    return f"w{int(WORDS ** dice.random())}"


def summary(number: int) -> dict[str, object]:
    """The playlist of a number; it is always the same."""
    dice = random.Random(number)
    return {
        "id": f"{number:022d}", "name": f"a {word(dice)} {word(dice)}", "type": "playlist",
        "snapshot_id": "1", "owner": {"id": f"user{number % 1000}"}, "items": {"total": LENGTH},
    }  # fmt: skip


def entry(number: int, place: int) -> dict[str, object]:
    """A track at a place; few tracks are popular and most rare."""
    rank = int(TRACKS ** random.Random(number * 1000 + place).random())
    return {
        "item": {
            "id": f"{rank:022d}",
            "type": "track",
            "name": f"Song {rank} of love",
            "artists": [{"id": f"{rank % 295_000:022d}", "name": f"Artist {rank % 295_000}"}],
            "album": {"name": f"Album {rank // 9}"},
            "duration_ms": 226863,
        }
    }


class Handler(BaseHTTPRequestHandler):
    """Search, playlist items, and the login."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
        place, size = int(fields["offset"]), int(fields["limit"])
        if size > (10 if parts.path.endswith("search") else 50):
            self.send(400, {"error": {"status": 400, "message": "Invalid limit"}})
        elif parts.path.endswith("search"):
            start = random.Random(fields["q"]).randrange(PLAYLISTS)
            numbers = range(start + place, start + place + size)
            results = [summary(number % PLAYLISTS) for number in numbers]
            self.send(200, {"playlists": self.page(results, place, size, RESULTS)})
        else:
            number = int(parts.path.split("/")[3])
            entries = [entry(number, n) for n in range(place, min(place + size, LENGTH))]
            self.send(200, self.page(entries, place, size, LENGTH))

    def page(self, entries: list[dict[str, object]], place: int, size: int, total: int) -> object:
        following = f"http://localhost/?offset={place + size}" if place + size < total else None
        return {"items": entries, "limit": size, "next": following, "total": total}

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send(200, {"access_token": "x", "token_type": "Bearer", "expires_in": 360_000})

    def send(self, status: int, value: object) -> None:
        """Send JSON."""
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
