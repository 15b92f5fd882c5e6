"""Clients of Spotify's API: of an app alone, and of a user who logged in."""

import secrets
import time
import webbrowser
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import (
    RequestHandler,
    SpotifyClientCredentials,
    SpotifyPKCE,
    start_local_http_server,
)

from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.http.faults import TryAgain
from loaders.songs.spotify.api import Api
from loaders.songs.spotify.credentials import Credentials, TokenFile
from loaders.songs.spotify.http import SECONDS, Session
from loaders.songs.spotify.shapes import is_token

API, ACCOUNTS = "https://api.spotify.com/v1/", "https://accounts.spotify.com/"
READ_SCOPES = "playlist-read-private playlist-read-collaborative user-library-read"
WRITE_SCOPES = "playlist-modify-private"
LOGIN_SECONDS = 300  # for the login in a browser


@dataclass(frozen=True)
class Service:
    """The addresses of Spotify, and seconds for one response."""

    api: str = API
    accounts: str = ACCOUNTS
    seconds: float = SECONDS


def open_for_app(
    credentials: Credentials, service: Service = Service(), pace: float | None = None
) -> Api:
    """The API as an app without a user sees it."""
    session = Session(service.seconds)
    login = _AppLogin(
        credentials.client_id, credentials.secret,
        requests_session=session, cache_handler=MemoryCacheHandler(),
    )  # fmt: skip
    login.OAUTH_TOKEN_URL = f"{service.accounts}api/token"
    return Api(_client(login, session, service), pace)


def open_for_user(
    credentials: Credentials,
    service: Service = Service(),
    pace: float | None = None,
    *,
    scopes: str = READ_SCOPES,
    browser: bool = True,
    may_ask: bool = True,
) -> Api:
    """The API as a user sees it, who logs in once (OAuth with PKCE).

    browser: open one; else print an address. may_ask: else a login must be stored already.
    """
    session = Session(service.seconds)
    tokens = TokenFile()
    if not may_ask and tokens.get_cached_token() is None:
        raise Problem("nobody has logged in to Spotify: run ./pgmuse load spotify --mine")
    login = _UserLogin(
        credentials.client_id, credentials.redirect_uri, secrets.token_urlsafe(16),
        _scopes(tokens, scopes), requests_session=session, open_browser=browser,
        cache_handler=tokens,
    )  # fmt: skip
    login.may_ask = may_ask
    login.OAUTH_AUTHORIZE_URL = f"{service.accounts}authorize"
    login.OAUTH_TOKEN_URL = f"{service.accounts}api/token"
    return Api(_client(login, session, service), pace)


class _Checked:
    """Checks new tokens before spotipy reads their fields."""

    def _add_custom_values_to_token_info(self, token: Any) -> Any:
        is_valid = is_token(token, "access_token") and type(token.get("expires_in")) is int
        if not is_valid or not is_token({"refresh_token": "-"} | token, "refresh_token"):
            raise TryAgain("Spotify's login answered with something else than a token")
        return super()._add_custom_values_to_token_info(token)  # type: ignore[misc]


class _AppLogin(_Checked, SpotifyClientCredentials):  # type: ignore[misc]
    pass


class _Callback(RequestHandler):  # type: ignore[misc]
    timeout = 5  # browsers open connections that send nothing


class _UserLogin(_Checked, SpotifyPKCE):  # type: ignore[misc]
    may_ask = True

    def get_authorization_code(self, response: str | None = None) -> str:
        """The code of a login. Errors: Problem where nobody logs in, SpotifyOauthError."""
        if not self.may_ask:
            raise Problem(
                "the login to Spotify is no longer valid: run ./pgmuse load spotify --mine"
            )
        address = self.get_authorize_url()
        code = self._from_browser(address) if self.open_browser else self._from_terminal(address)
        if code is None:
            raise Problem("this is not the address that Spotify sent you to: log in again")
        return code

    def _from_terminal(self, address: str) -> str | None:
        say(f"log in at {address}")
        try:
            pasted = input("the address that you were sent to: ")
        except EOFError:
            raise Problem("nobody can log in without a terminal: run this in one") from None
        state, code = self.parse_auth_response_url(pasted)
        return code if state == self.state else None

    def _from_browser(self, address: str) -> str | None:
        """The code that the browser brings to this machine; other requests are ignored."""
        port = urlsplit(self.redirect_uri).port or 80
        try:
            server = start_local_http_server(port, _Callback)
        except OSError as error:
            raise Problem(
                f"port {port}: {error.strerror}: end what uses it, or log in with --no-browser"
            ) from None
        with server:
            server.state, server.timeout = None, 1
            if not webbrowser.open(address):
                raise Problem("there is no browser here: run it again with --no-browser")
            say(f"waiting {LOGIN_SECONDS} s for your login in the browser, or use --no-browser")
            until = time.monotonic() + LOGIN_SECONDS
            while server.error is None and (server.state != self.state or not server.auth_code):
                if time.monotonic() > until:
                    raise Problem("nobody logged in: run it again, or with --no-browser")
                server.handle_request()
            if server.error is not None:
                raise server.error
            return str(server.auth_code)


def _scopes(tokens: TokenFile, scopes: str) -> str:
    """The scopes, with those that the user has granted before."""
    granted = (tokens.get_cached_token() or {}).get("scope")
    return " ".join(sorted({*scopes.split(), *str(granted or "").split()}))


def _client(login: Any, session: Session, service: Service) -> spotipy.Spotify:
    client = spotipy.Spotify(auth_manager=login, requests_session=session)
    client.prefix = service.api
    return client
