"""Clients of Spotify's API: of an app alone, and of a user who logged in."""

import secrets
from dataclasses import dataclass
from typing import Any

import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyPKCE

from loaders.core.errors import Problem
from loaders.songs.spotify.api import Api
from loaders.songs.spotify.credentials import Credentials, TokenFile
from loaders.songs.spotify.http import Session

API, ACCOUNTS = "https://api.spotify.com/v1/", "https://accounts.spotify.com/"
READ_SCOPES = "playlist-read-private playlist-read-collaborative user-library-read"
WRITE_SCOPES = "playlist-modify-private"


@dataclass(frozen=True)
class Service:
    """The addresses of Spotify, and seconds for one response."""

    api: str = API
    accounts: str = ACCOUNTS
    seconds: float = 30


def open_for_app(
    credentials: Credentials, service: Service = Service(), pace: float | None = None
) -> Api:
    """The API as an app without a user sees it."""
    session = Session(service.seconds)
    login = SpotifyClientCredentials(
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
    login = _Login(
        credentials.client_id, credentials.redirect_uri, secrets.token_urlsafe(16),
        _scopes(tokens, scopes), requests_session=session, open_browser=browser,
        cache_handler=tokens,
    )  # fmt: skip
    login.may_ask = may_ask
    login.OAUTH_AUTHORIZE_URL = f"{service.accounts}authorize"
    login.OAUTH_TOKEN_URL = f"{service.accounts}api/token"
    return Api(_client(login, session, service), pace)


class _Login(SpotifyPKCE):  # type: ignore[misc]
    may_ask = True

    def get_authorization_code(self, response: str | None = None) -> Any:
        if not self.may_ask:
            raise Problem(
                "the login to Spotify is no longer valid: run ./pgmuse load spotify --mine"
            )
        try:
            return super().get_authorization_code(response)
        except EOFError:
            raise Problem("nobody can log in without a terminal: run this in one") from None


def _scopes(tokens: TokenFile, scopes: str) -> str:
    """The scopes, with those that the user has granted before."""
    granted = (tokens.get_cached_token() or {}).get("scope")
    return " ".join(sorted({*scopes.split(), *str(granted or "").split()}))


def _client(login: Any, session: Session, service: Service) -> spotipy.Spotify:
    client = spotipy.Spotify(auth_manager=login, requests_session=session)
    client.prefix = service.api
    return client
