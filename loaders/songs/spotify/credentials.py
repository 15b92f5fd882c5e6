"""Credentials of a Spotify app: from the environment, or a file that only its owner may read."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spotipy.cache_handler import CacheHandler

from loaders.core.errors import Problem

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
    return Credentials(client_id, secret, redirect or LOOPBACK)


def _settings(path: Path) -> dict[str, str]:
    """The lines NAME=VALUE of a file; none where there is no file."""
    text = read_private(path)
    pairs = (line.partition("=") for line in (text or "").splitlines())
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def read_private(path: Path) -> str | None:
    """The text of a file that only its owner may read, None where there is no file.

    Errors: Problem where others may read it, or it cannot be read.
    """
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8") as file:
            state = os.fstat(file.fileno())
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
        except ValueError:
            return None
        if not isinstance(token, dict) or not {"access_token", "refresh_token"} <= token.keys():
            return None
        return token

    def save_token_to_cache(self, token_info: Mapping[str, Any]) -> None:
        """Store new tokens; a reader sees the old or the new file."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(dict(token_info), file)
        new.replace(self.path)
