"""A local server in the shape of Wikimedia Commons and its media host, that misbehaves on demand."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


class Media(ThreadingHTTPServer):
    """`files` by name; `faults` by name or path, used up one a request; `sizes` of originals."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.sizes: dict[str, tuple[int, int]] = {}
        self.faults: dict[str, list] = {}
        self.asked: list[str] = []
        self.titles: list[int] = []
        self.times: list[float] = []
        self.agents: set[str] = set()
        self.lock = threading.Lock()
        self.now = self.most = 0  # downloads at once
        self.slow = 0.0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

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


class Handler(BaseHTTPRequestHandler):
    """One request; faults first."""

    server: Media
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        name = path.rpartition("/")[2].partition("px-")[2] or path.rpartition("/")[2]
        with self.server.lock:
            self.server.asked.append(path)
            self.server.times.append(time.monotonic())
            self.server.agents.add(self.headers["User-Agent"])
            held = self.server.faults.get(name) or self.server.faults.get("*") or []
            fault = held.pop(0) if held else None
        if fault is not None:
            fault(self)
        elif path == "/w/api.php":
            self.tell()
        elif name in self.server.files:
            self.send_file(self.server.files[name])
        else:
            self.send(404, b"", "text/plain")

    def tell(self) -> None:
        fields = parse_qs(urlsplit(self.path).query)
        titles = fields["titles"][0].split("|")
        self.server.titles.append(len(titles))
        pages = [self.server.image_info(title) for title in titles]
        answer = {"batchcomplete": True, "query": {"pages": pages}}
        self.send(200, json.dumps(answer).encode(), "application/json")

    def send_file(self, content: bytes) -> None:
        with self.server.lock:
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
        time.sleep(self.server.slow)
        self.send(200, content, "image/jpeg")
        with self.server.lock:
            self.server.now -= 1

    def send(self, status: int, content: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, held in headers.items():
            self.send_header(name.replace("_", "-"), held)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def busy(handler: Handler) -> None:
    handler.send(429, b"", "text/plain")


def busy_for(seconds: str):
    return lambda handler: handler.send(429, b"", "text/plain", Retry_After=seconds)


def unavailable(handler: Handler) -> None:
    handler.send(503, b"", "text/plain", Retry_After="0")


def broken(handler: Handler) -> None:
    handler.send(500, b"<html>", "text/html")


def forbidden(handler: Handler) -> None:
    handler.send(403, b"", "text/plain")


def raw(answer: bytes):
    """These bytes and no more."""

    def answer_so(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(answer)

    return answer_so


def web_page(handler: Handler) -> None:
    handler.send(200, b"<html>hello</html>" * 100, "text/html")


def web_page_as_picture(handler: Handler) -> None:
    handler.send(200, b"<html>hello</html>" * 100, "image/jpeg")


def endless(handler: Handler) -> None:
    """Says nothing of a length, and does not end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "image/jpeg")
    handler.end_headers()
    handler.close_connection = True
    try:
        for _ in range(3000):
            handler.wfile.write(b"\xff\xd8\xff\xe0" + bytes(65532))
    except OSError:
        pass


def begin(handler: Handler, length: int) -> None:
    """Promise a JPEG of so many bytes, and nothing after it."""
    handler.send_response(200)
    handler.send_header("Content-Type", "image/jpeg")
    handler.send_header("Content-Length", str(length))
    handler.end_headers()
    handler.close_connection = True


def too_large(handler: Handler) -> None:
    begin(handler, 30_000_000)


def cut_off(handler: Handler) -> None:
    begin(handler, 100_000)
    handler.wfile.write(b"\xff\xd8\xff\xe0" + bytes(5000))


def dripping(handler: Handler) -> None:
    """A byte now and then, for a minute and a half."""
    begin(handler, 1000)
    handler.wfile.write(b"\xff\xd8\xff\xe0")
    drip(handler, b"\0")


def dripping_headers(handler: Handler) -> None:
    """A header now and then, for a minute and a half."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n")
    drip(handler, b"X: y\r\n")


def dripping_extension(handler: Handler) -> None:
    """A chunk whose size is never said to its end."""
    begin_chunks(handler)
    handler.wfile.write(b"1;")
    drip(handler, b"a")


def dripping_trailers(handler: Handler) -> None:
    """All of a picture, and then headers without end."""
    begin_chunks(handler)
    handler.wfile.write(b"4\r\n\xff\xd8\xff\xe0\r\n0\r\n")
    drip(handler, b"X: y\r\n")


def begin_chunks(handler: Handler) -> None:
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
    )


def drip(handler: Handler, piece: bytes) -> None:
    """The same now and then, for a minute and a half."""
    with suppress(OSError):
        for _ in range(900):
            time.sleep(0.1)
            handler.wfile.write(piece)


def slowly_to(url: str, seconds: float):
    """A redirect that takes its time."""

    def redirect(handler: Handler) -> None:
        time.sleep(seconds)
        to(url)(handler)

    return redirect


def lagging(handler: Handler) -> None:
    """What the API answers while a database server of its own is behind."""
    error = {"code": "maxlag", "info": "Waiting for a database server: 7.3 seconds lagged."}
    handler.send(200, json.dumps({"error": error}).encode(), "application/json", Retry_After="5")


def silent(handler: Handler) -> None:
    time.sleep(3)
    handler.close_connection = True


def to(url: str):
    """A redirect; `{url}` in it is the server's own."""

    def redirect(handler: Handler) -> None:
        handler.send(302, b"", "text/plain", Location=url.format(url=handler.server.url))

    return redirect


@contextmanager
def running() -> Iterator[Media]:
    """The server, in a thread."""
    with Media() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
