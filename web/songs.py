"""Song radio: completion, radios from several songs, and playlists to save."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from loaders.core.queries import Queries
from loaders.songs.formats.model import Playlist, Track
from loaders.songs.writers import WRITERS, address
from web.database import Database, Result, select
from web.rendering import environment, render

QUERIES = Queries(Path(__file__).with_suffix(".sql"))
router = APIRouter(prefix="/songs", tags=["songs"])
SHORTEST = 3  # letters of a completion
MOST = 50  # seeds
FILES = {
    "m3u": "audio/x-mpegurl; charset=utf-8",
    "jspf": "application/json",
    "xspf": "application/xspf+xml; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
SPOTIFY = "spotify:track:"


class Song(BaseModel):
    """A track. places: in playlists."""

    track_id: str
    name: str | None
    artist: str | None
    places: int = Field(description="Number of places in playlists")


class RadioSong(BaseModel):
    """A track of a radio."""

    place: int = Field(description="From 1 on, likeliest first")
    track_id: str
    name: str | None
    artist: str | None
    score: float


Ids = Annotated[list[str], Query(max_length=MOST)]
Number = Annotated[int, Query(ge=1, le=200)]
PerArtist = Annotated[int, Query(ge=1, le=200)]


def link(track_id: str) -> str | None:
    """The address of a track that a browser can open."""
    target = address(track_id)
    if target.startswith(SPOTIFY):
        return f"https://open.spotify.com/track/{target.removeprefix(SPOTIFY)}"
    return target if target.startswith(("http://", "https://")) else None


environment.filters["link"] = link


@router.get("", response_class=HTMLResponse, include_in_schema=False)
def page(
    request: Request,
    seed: Ids = [],  # noqa: B006
    unlike: Ids = [],  # noqa: B006
    n: Number = 25,
    per_artist: PerArtist = 3,
    q: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """The radio of the seeds in the address, which is all that the page remembers."""
    database: Database = request.app.state.database
    with database.connection() as conn:
        values: dict[str, Any] = {
            "seeds": select(conn, QUERIES.tracks, tracks=seed).rows,
            "unlike": select(conn, QUERIES.tracks, tracks=unlike).rows,
            "popular": None if seed else select(conn, QUERIES.popular_songs),
            "songs": select(conn, QUERIES.find_songs, query=q) if q.strip() else None,
            "radio": _radio(conn, seed, unlike, n, per_artist) if seed else None,
            "alike": select(conn, QUERIES.similar_sounds, track=seed[-1]) if seed else None,
            "sound_tags": select(conn, QUERIES.song_tags, track=seed[-1]) if seed else None,
        }
    return render(
        request, "songs.html", n=n, per_artist=per_artist, q=q, files=tuple(FILES), **values
    )


def _radio(conn: Any, seeds: list[str], unlike: list[str], n: int, per_artist: int) -> Result:
    return select(conn, QUERIES.radio, seeds=seeds, unlike=unlike, n=n, per_artist=per_artist)


@router.get("/complete", response_class=HTMLResponse, include_in_schema=False)
def complete(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    seed: Ids = [],  # noqa: B006
    unlike: Ids = [],  # noqa: B006
    n: Number = 25,
    per_artist: PerArtist = 3,
) -> HTMLResponse:
    """Songs that match the letters so far, most played first."""
    database: Database = request.app.state.database
    songs = database.select(QUERIES.find_songs, query=q) if len(q.strip()) >= SHORTEST else None
    content = environment.get_template("parts/completion.html").render(
        songs=songs, q=q,
        seeds=[{"track_id": one} for one in seed], unlike=[{"track_id": one} for one in unlike],
        n=n, per_artist=per_artist,
    )  # fmt: skip
    return HTMLResponse(content, headers={"cache-control": "private, max-age=60"})


@router.get("/radio", summary="A song radio as JSON", response_model=list[RadioSong])
def radio(
    request: Request,
    seed: Annotated[list[str], Query(min_length=1, max_length=MOST, description="Ids of tracks")],
    unlike: Ids = [],  # noqa: B006
    n: Number = 25,
    per_artist: PerArtist = 3,
) -> list[dict[str, Any]]:
    """Songs for the seeds, likeliest first."""
    database: Database = request.app.state.database
    with database.connection() as conn:
        return _radio(conn, seed, unlike, n, per_artist).rows


@router.get(
    "/complete.json",
    summary="Songs whose name or artist matches some letters",
    response_model=list[Song],
)
def complete_json(
    request: Request, q: Annotated[str, Query(min_length=1, max_length=200)]
) -> list[dict[str, Any]]:
    """At most eight songs, exact titles first, then most played first."""
    database: Database = request.app.state.database
    return database.select(QUERIES.find_songs, query=q).rows


@router.get("/radio.{format}", include_in_schema=False)
def save(
    request: Request,
    format: str,
    seed: Annotated[list[str], Query(min_length=1, max_length=MOST)],
    unlike: Ids = [],  # noqa: B006
    n: Number = 25,
    per_artist: PerArtist = 3,
) -> Response:
    """The radio as a playlist file."""
    database: Database = request.app.state.database
    if format not in FILES:
        raise HTTPException(404, f"no format {format!r}: the formats are {', '.join(FILES)}")
    with database.connection() as conn:
        rows = select(
            conn, QUERIES.radio_tracks, seeds=seed, unlike=unlike, n=n, per_artist=per_artist
        )
        first = select(conn, QUERIES.tracks, tracks=seed[:1]).first or {}
    if not rows.rows:
        raise HTTPException(404, "no track is in the live model")
    title = f"Song radio: {first.get('name') or seed[0]}"
    playlist = Playlist("radio", title, [Track(**row) for row in rows])
    headers = {"content-disposition": f'attachment; filename="radio.{format}"'}
    content = WRITERS[format].write([playlist])
    return Response(content, media_type=FILES[format], headers=headers)
