"""The listening history of Spotify's data export, in both its forms.

The account data has StreamingHistory*.json: the last year, each play with the minute of its end.
The extended history has Streaming_History_Audio_*.json, and endsong_*.json before 2023: all years,
each play with the second of its end and the id of its track. Both count the played milliseconds.
The start of a play is calculated from the minute of its end in both: their sessions are equal.
"""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import msgspec

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.history import (
    EPISODES,
    LONGEST,
    NAMELESS,
    PRIVATE,
    SHORTEST,
    SKIPPED,
    TIMELESS,
    History,
    seconds_of,
)
from loaders.songs.formats.json_file import decode_json
from loaders.songs.formats.model import UnusablePlaylistEntry, track


class ShortPlay(msgspec.Struct, gc=False):
    """A play of StreamingHistory*.json; those of podcasts and audiobooks have other names."""

    ended: str | None = msgspec.field(default=None, name="endTime")
    artist: str | None = msgspec.field(default=None, name="artistName")
    name: str | None = msgspec.field(default=None, name="trackName")
    played: int | None = msgspec.field(default=None, name="msPlayed")
    podcast: str | None = msgspec.field(default=None, name="podcastName")
    episode: str | None = msgspec.field(default=None, name="episodeName")
    book: str | None = msgspec.field(default=None, name="audiobookName")
    chapter: str | None = msgspec.field(default=None, name="chapterName")
    album: ClassVar[None] = None
    uri: ClassVar[None] = None
    is_private: ClassVar[None] = None


class ExtendedPlay(msgspec.Struct, gc=False):
    """A play of the extended history; its addresses, user names and devices are not read."""

    ended: str | None = msgspec.field(default=None, name="ts")
    artist: str | None = msgspec.field(default=None, name="master_metadata_album_artist_name")
    name: str | None = msgspec.field(default=None, name="master_metadata_track_name")
    album: str | None = msgspec.field(default=None, name="master_metadata_album_album_name")
    played: int | None = msgspec.field(default=None, name="ms_played")
    uri: str | None = msgspec.field(default=None, name="spotify_track_uri")
    podcast: str | None = msgspec.field(default=None, name="spotify_episode_uri")
    episode: str | None = msgspec.field(default=None, name="episode_name")
    book: str | None = msgspec.field(default=None, name="audiobook_uri")
    chapter: str | None = msgspec.field(default=None, name="audiobook_chapter_uri")
    is_private: bool | None = msgspec.field(default=None, name="incognito_mode")


FORMS: tuple[type[ShortPlay] | type[ExtendedPlay], ...] = (ShortPlay, ExtendedPlay)
READERS = {form: msgspec.json.Decoder(list[form]).decode for form in FORMS}  # type: ignore[valid-type]
READ_ONE = {form: msgspec.json.Decoder(form).decode for form in FORMS}
read_raw = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read_plays(content: bytes, history: History) -> Iterator[BadEntry]:
    """Add the plays of a file to a history; yield entries that are no plays."""
    form = ExtendedPlay if b'"ms_played"' in content[:65536] else ShortPlay
    bad: list[BadEntry] = []
    left_out, numbers, is_exact = history.left_out, history.numbers, form is ExtendedPlay
    for number, play in enumerate(_decode(content, form, bad), start=1):
        if play.podcast or play.episode or play.book or play.chapter:
            left_out[EPISODES] += 1
            continue
        played = play.played or 0
        if played < SHORTEST:
            left_out[SKIPPED] += 1
            continue
        if play.is_private:
            left_out[PRIVATE] += 1
            continue
        if not play.uri and not play.name:
            left_out[NAMELESS] += 1
            continue
        ended = seconds_of(play.ended)
        if ended is None or played > LONGEST:
            left_out[TIMELESS] += 1
            continue
        key = play.uri or (play.artist, play.name)
        if (track_number := numbers.get(key)) is None:
            try:
                parsed = track(play.uri, name=play.name, artist=play.artist, album=play.album)
            except UnusablePlaylistEntry as error:
                bad.append(bad_entry(f"play {number}", error, ""))
                continue
            track_number = history.add_track(key, parsed)
        minute = ended - ended % 60
        # The exact end is later than the minute: the extended form replaces the short one.
        end = ended * 1000 + 999 if is_exact else minute * 1000
        history.add(track_number, ended, minute * 1000 - played, end)
    yield from bad


def _decode(content: bytes, form: type[Any], bad: list[BadEntry]) -> Iterable[Any]:
    """The plays; where one is invalid, all are decoded one by one."""
    try:
        return READERS[form](content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_one_by_one(content, form, bad)


def _decode_one_by_one(content: bytes, form: type[Any], bad: list[BadEntry]) -> Iterator[Any]:
    for number, raw in enumerate(decode_json(read_raw, content, "list of plays"), start=1):
        try:
            yield READ_ONE[form](raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            bad.append(bad_entry(f"play {number}", error, ""))  # it may hold an address
