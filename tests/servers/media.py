"""A local server that answers as Wikimedia Commons and its media host do."""

import json
import threading
import time
from contextlib import AbstractContextManager
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers import base
from tests.servers.faults import Fault


class Media(base.Server):
    """`files` by name; `faults` by name or path, used up one a request; `sizes` of originals."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.files: dict[str, bytes] = {}
        self.sizes: dict[str, tuple[int, int]] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.requests: list[str] = []
        self.titles: list[int] = []  # how many a call of the API
        self.times: list[float] = []
        self.agents: set[str] = set()
        self.lock = threading.Lock()
        self.downloads = self.most_downloads = 0  # at once
        self.delay = 0.0

    def image_info(self, title: str) -> dict:
        name = title.removeprefix("File:")
        page = {"ns": 6, "title": title}
        if name not in self.files:
            return page | {"missing": True, "imagerepository": ""}
        width, height = self.sizes.get(name, (1600, 1200))
        upload = f"{self.url}/wikipedia/commons"
        info = {
            "size": 1234567, "width": width, "height": height, "mime": "image/jpeg",
            "url": f"{upload}/3/3a/{name}", "thumburl": f"{upload}/thumb/3/3a/{name}/500px-{name}",
            "thumbwidth": 500, "thumbheight": 500 * height // width,
            "descriptionurl": f"https://commons.wikimedia.org/wiki/File:{name.replace(' ', '_')}",
            "extmetadata": {
                "LicenseShortName": {"value": "CC BY-SA 3.0", "source": "commons-desc-page"},
                "LicenseUrl": {"value": "https://creativecommons.org/licenses/by-sa/3.0"},
                "Artist": {"value": '<a href="//x.org/U">Some &amp; body</a>\n'},
            },
        }  # fmt: skip
        return page | {"pageid": 8, "imageinfo": [info]}


class Handler(base.Handler):
    """One request; faults first."""

    server: Media

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        name = path.rpartition("/")[2].partition("px-")[2] or path.rpartition("/")[2]
        fault = self.record(path, name)
        if fault is not None:
            fault(self)
        elif path == "/w/api.php":
            self.send_image_info()
        elif name in self.server.files:
            self.send_file(self.server.files[name])
        else:
            self.send(404, b"", "text/plain")

    def record(self, path: str, name: str) -> Fault | None:
        """Write the request down; return its fault."""
        with self.server.lock:
            self.server.requests.append(path)
            self.server.times.append(time.monotonic())
            self.server.agents.add(self.headers["User-Agent"])
            faults = self.server.faults.get(name) or self.server.faults.get("*") or []
            return faults.pop(0) if faults else None

    def send_image_info(self) -> None:
        fields = parse_qs(urlsplit(self.path).query)
        titles = fields["titles"][0].split("|")
        self.server.titles.append(len(titles))
        pages = [self.server.image_info(title) for title in titles]
        response = {"batchcomplete": True, "query": {"pages": pages}}
        self.send(200, json.dumps(response).encode())

    def send_file(self, content: bytes) -> None:
        server = self.server
        with server.lock:
            server.downloads += 1
            server.most_downloads = max(server.most_downloads, server.downloads)
        time.sleep(server.delay)
        self.send(200, content, "image/jpeg")
        with server.lock:
            server.downloads -= 1


def running() -> AbstractContextManager[Media]:
    """Run the server in a thread."""
    return base.serving(Media())
