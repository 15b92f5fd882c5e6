"""Credentials of a Spotify app: from the environment, or a file that only its owner may read."""

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spotipy.cache_handler import CacheHandler

from loaders.core.errors import Problem
from loaders.songs.spotify.shapes import is_token

CLIENT_ID, CLIENT_SECRET = "SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET"
REDIRECT_URI = "SPOTIPY_REDIRECT_URI"
NAMES = (CLIENT_ID, CLIENT_SECRET, REDIRECT_URI)
LOOPBACK = "http://127.0.0.1:8888/callback"
HELP = "docs/spotify.md says how to make an app"


@dataclass(frozen=True)
class Credentials:
    """An app. secret: empty where only its users log in (PKCE). Not shown by repr."""

    client_id: str = field(repr=False)
    secret: str = field(repr=False)
    redirect_uri: str = LOOPBACK


def folder() -> Path:
    """The folder of the two files: PGMUSE_CONFIG, by default ~/.config/pgmuse."""
    if named := os.environ.get("PGMUSE_CONFIG"):
        return Path(named)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "pgmuse"


def find_credentials(*, needs_secret: bool) -> Credentials:
    """The app's credentials. Errors: Problem that says where they belong."""
    path = folder() / "spotify"
    stored = _settings(path)
    client_id, secret, redirect = (
        (os.environ.get(name) or stored.get(name) or "").strip() for name in NAMES
    )
    missing = CLIENT_ID if not client_id else CLIENT_SECRET if needs_secret and not secret else ""
    if missing:
        raise Problem(f"set {missing}, or write {missing}=... into {path}: {HELP}")
    for name, value in zip(NAMES, (client_id, secret, redirect), strict=True):
        if not re.fullmatch("[!-~]*", value):
            raise Problem(f"{name} has blanks or letters outside of ASCII: copy it again")
    return Credentials(client_id, secret, redirect or LOOPBACK)


def _settings(path: Path) -> dict[str, str]:
    """The lines NAME=VALUE of a file, also with export; none where there is no file."""
    text = (read_private(path) or "").removeprefix("\ufeff")
    pairs = (line.strip().removeprefix("export ").partition("=") for line in text.splitlines())
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def read_private(path: Path) -> str | None:
    """The text of a file that only its owner may read, None where there is no file.

    Errors: Problem where others may read it, or it cannot be read.
    """
    # A link could lead to another file; opening a pipe would wait for its writer.
    if path.is_symlink():
        raise Problem(f"{path}: a symbolic link: put a file there")
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(os.open(path, flags), encoding="utf-8") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise Problem(f"{path}: no file: put a file there")
            if state.st_uid != os.geteuid() or stat.S_IMODE(state.st_mode) & 0o077:
                raise Problem(
                    f"{path}: others may read or change this file: run chmod 600 {path} as its "
                    "owner, and make a new secret if others could have read it"
                )
            return file.read(1 << 16)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise Problem(f"{path}: {reason}") from error


class TokenFile(CacheHandler):  # type: ignore[misc]
    """The tokens of the user who logged in, in a file that only its owner may read."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or folder() / "spotify-login.json"

    def get_cached_token(self) -> dict[str, Any] | None:
        """The tokens, None where nobody has logged in."""
        text = read_private(self.path)
        try:
            token = json.loads(text) if text else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(token, dict) or not is_token(token, "access_token", "refresh_token"):
            return None
        is_valid = isinstance(token.get("expires_at"), int | float)
        return token if is_valid and isinstance(token.get("scope"), str) else None

    def save_token_to_cache(self, token_info: Mapping[str, Any]) -> None:
        """Store new tokens; a reader sees the old or the new file. Errors: Problem."""
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.unlink(missing_ok=True)
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(dict(token_info), file)
            new.replace(self.path)
        except OSError as error:
            reason = f"the login cannot be stored: {error.strerror}"
            raise Problem(f"{self.path}: {reason}") from error
