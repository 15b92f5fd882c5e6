"""The HTTP session that spotipy uses: a deadline and a size limit, no retries, no redirects."""

import json
from typing import Any

import requests
import requests.adapters
import urllib3
from urllib3.exceptions import DecodeError, HTTPError, MaxRetryError

from loaders.core.config import version
from loaders.core.errors import Problem
from loaders.core.http.client import read_body
from loaders.core.http.connections import POOLS
from loaders.core.http.faults import TryAgain, describe, host_of

SECONDS = 30.0  # for one response from its first byte to its last
LARGEST = 16 << 20  # bytes of one response; a page has 100 KB


class _Adapter(requests.adapters.HTTPAdapter):
    """Connections with a deadline for the headers of a response."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: Any, **options: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager


class Session(requests.Session):
    """Sends requests for spotipy, with complete bodies.

    seconds: for the headers, and again for the body. Errors: TryAgain where there is no response,
    one that is too large, or a successful one that is not JSON: spotipy would return None for it.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        super().__init__()
        self.seconds = seconds
        self.auth = _keep  # else a password of ~/.netrc would replace the token
        self.headers["User-Agent"] = f"pgmuse/{version()} {self.headers['User-Agent']!s}"
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(max_retries=0))

    def request(  # type: ignore[override]
        self, method: str, url: str, **options: Any
    ) -> requests.Response:
        host = host_of(url)
        options |= {"stream": True, "allow_redirects": False, "timeout": self.seconds}
        try:
            response = super().request(method, url, **options)
            with response:
                body = read_body(response.raw, host, seconds=self.seconds, largest=LARGEST)
        except requests.Timeout as error:
            raise TryAgain(f"{host} does not answer in time") from error
        except requests.RequestException as error:
            raise TryAgain(describe(_cause(error), host)) from error
        except DecodeError as error:
            raise TryAgain(f"{host} answered with what cannot be unpacked") from error
        except Problem as error:  # too large: other responses may be usable
            raise TryAgain(str(error)) from error
        except (HTTPError, OSError) as error:
            raise TryAgain(describe(error, host)) from error
        is_login = url.endswith("/api/token")
        response._content = (body or b"null") if response.ok else _as_error(body, is_login)
        response.encoding = "utf-8"
        if 300 <= response.status_code < 400:
            raise TryAgain(f"{host} answers {response.status_code} with a redirect")
        if response.ok and not _is_json(body):
            raise TryAgain(f"{host} answered with what is no JSON")
        return response


def _keep(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _as_error(body: bytes, is_login: bool) -> bytes:
    """The body of an error as spotipy expects it: an object, or what is no JSON."""
    try:
        error = json.loads(body)
    except (ValueError, RecursionError):
        return b"" if body.lstrip().startswith((b"[", b"{")) else body[:1000]
    said = error.get("error") if isinstance(error, dict) else error
    if is_login:
        return json.dumps({"error": str(said)[:1000]}).encode()
    message = said.get("message") if isinstance(said, dict) else said
    return json.dumps({"error": {"message": str(message)[:1000]}}).encode()


def _is_json(body: bytes) -> bool:
    try:
        json.loads((body or b"null").decode())
    except (ValueError, RecursionError):
        return False
    return True


def _cause(error: Exception) -> Exception:
    """The error of urllib3 that an error of requests stands for."""
    cause = error.args[0] if error.args else error
    if isinstance(cause, MaxRetryError) and cause.reason is not None:
        return cause.reason
    return cause if isinstance(cause, Exception) else error
