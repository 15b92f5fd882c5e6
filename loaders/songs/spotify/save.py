"""Save tracks as a new private playlist in a user's Spotify account."""

import re
from collections.abc import Sequence

from loaders.core.console import counted, say
from loaders.core.errors import Problem
from loaders.core.http.faults import TryAgain
from loaders.songs.spotify.api import Refused
from loaders.songs.spotify.crawl import address_of
from loaders.songs.spotify.credentials import find_credentials
from loaders.songs.spotify.login import WRITE_SCOPES, Service, open_for_user

SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")
AT_ONCE = 100  # tracks a request


def save(
    track_ids: Sequence[str], title: str, *, browser: bool = True, service: Service = Service()
) -> str:
    """Create the playlist and return its address; the user logs in if that was never done.

    Ids that are not Spotify's are left out. Errors: Problem, also where only a part was saved.
    """
    ids = [track_id for track_id in track_ids if SPOTIFY_ID.fullmatch(track_id)]
    if not ids:
        raise Problem("no track has a Spotify id: load playlists with Spotify's ids first")
    if missing := len(track_ids) - len(ids):
        say(f"{counted(missing, 'tracks')} without a Spotify id left out")
    credentials = find_credentials(needs_secret=False)
    api = open_for_user(credentials, service, scopes=WRITE_SCOPES, browser=browser)
    saved, address = 0, None
    try:
        spotify_id = api.create_playlist(title, "Made by pgmuse")
        address = address_of(spotify_id)
        for start in range(0, len(ids), AT_ONCE):
            api.add_tracks(spotify_id, ids[start : start + AT_ONCE])
            saved += len(ids[start : start + AT_ONCE])
    except (TryAgain, Refused) as error:
        where = f"{counted(saved, 'tracks')} of {len(ids)} are in {address}" if address else ""
        raise Problem("; ".join(filter(None, (f"{error}: try again later", where)))) from None
    return address
