"""Ids of tracks in addresses, and addresses without credentials, tokens and signatures."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

SPOTIFY = re.compile(
    r"(?:spotify:track:|https?://(?:open|play)\.spotify\.com/(?:intl-[\w-]+/)?(?:embed/)?track/)"
    r"([0-9A-Za-z]{22})(?![0-9A-Za-z])"
)
RECORDING = re.compile(
    r"https?://(?:www\.)?musicbrainz\.org/recording/([0-9a-f-]{36})/?", re.IGNORECASE
)
YOUTUBE = re.compile(
    r"(?:(?:https?:)?//)?(?:"
    r"(?:[\w-]+\.)?youtube(?:-nocookie)?\.com/"
    r"(?:watch/?\?(?:[^#\s]*&)?v=|(?:shorts|embed|live|v|e)/)"
    r"|youtu\.be/"
    r"|plugin://plugin\.video\.youtube/[\w/]*\?(?:[^#\s]*&)?video_?id=)"
    r"([\w-]{11})(?![\w-])",
    re.IGNORECASE,
)
# What is no track at Spotify and YouTube, unless another address of the entry is one.
OTHER = re.compile(
    r"(?:spotify:(?:user:[^:]+:)?|https?://(?:open|play)\.spotify\.com/(?:intl-[\w-]+/)?"
    r"(?:embed/)?(?:user/[^/]+/)?)(episode|show|playlist|album|artist|user|collection|prerelease)\b"
    r"|https?://(?:[\w-]+\.)?youtube\.com/(playlist|channel|user|c/|@)",
    re.IGNORECASE,
)
SERVICE = re.compile(
    r"https?://(?:(?:open|play)\.spotify\.com|(?:[\w-]+\.)?youtube(?:-nocookie)?\.com|youtu\.be)"
    r"(?::\d+)?(?:/|$)",
    re.IGNORECASE,
)
OWN = "pgmuse:track:"  # before the quoted id of any track, in playlists that pgmuse wrote
# Addresses of audio files identify a file, not a recording.
AUDIO_FILE = re.compile(
    r"\.(?:mp3|m4[ab]|mp4|aac|alac|flac|ogg|oga|opus|wav|wma|wv|ape|mpc|mka|webm|aiff?|dsf|m3u8?"
    r"|pls)(?:[?#]|$)",
    re.IGNORECASE,
)
ADDRESS = re.compile(
    r"(?P<scheme>https?://)(?P<login>[^/?#\s]*@)?(?P<host>[^/?#;\s]*)(?P<path>[^?#;\s]*)"
    r"(?:;[^?#\s]*)?(?:\?(?P<query>[^#\s]*))?(?:#\S*)?",
    re.IGNORECASE,
)
LONGEST = 2000  # characters of an address that is read
ROUTE = re.compile(r"/#!?/")  # before the path, in addresses of some web players
# Parameters that say which recording, and those that say nothing about it; others may be secret.
IDENTIFYING = {
    "asin", "i", "id", "item", "itemid", "mid", "song", "songid", "track", "trackasin", "trackid",
    "v", "video", "videoid",
}  # fmt: skip
HARMLESS = re.compile(
    r"utm_\w+|si|feature|fbclid|gclid|igshid|ref|referrer|lang|hl|l|list|index|t|start|context"
    r"|ab_channel|pp|app|at|ct|ls|uo|mt|in|from|autoplay|format|quality|bitrate",
    re.IGNORECASE,
)
SECRET = re.compile(
    r".*(?:token|auth|sig|secret|pass|pwd|jwt|session|credential|policy|key|hash|hmac|expires).*"
    r"|sid|md5|x-amz-.*|[upts]",
    re.IGNORECASE,
)
# A JSON web token, and a long run of letters of both cases with digits.
TOKEN = re.compile(
    r"eyJ[\w-]{10,}|(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{40,}|[0-9a-f]{40,}"
)
LOCAL_HOST = re.compile(
    r"(?:localhost|[^.:]+|.*\.(?:local|lan|home|internal|arpa)|\[.*\]|[\d.]+)(?::\d*)?",
    re.IGNORECASE,
)
# Streams of media servers (Subsonic, Jellyfin, Plex): their ids are those of one library.
SERVER_PATH = re.compile(r"/rest/stream|/Audio/[\w-]+/|/library/parts/|/Items/", re.IGNORECASE)
STREAM_PATH = re.compile(r"/rest/stream|/library/parts/\d+/|^https?://[^/]*/(?:Audio|Items)/", re.I)
# Streams of television: user and password in the path, then a number. Without a folder before them
# only at a port or without TLS; the words are of public addresses.
LOGIN_PATH = re.compile(
    r"(?P<start>^(?:https?://[^/]*)?/(?:live|movie|series|timeshift|hls)/|^https?://[^/:]+:\d+/"
    r"|^http://[^/]*/(?!(?:[^/]+/)?(?:\w\w|tracks?|songs?|albums?|artists?|music|video|sets?)/))"
    r"[^/]+/[^/]+/(?P<number>(?:[\d:_-]+/)*\d+(?:\.\w{2,4})?)/?$",
    re.IGNORECASE,
)
SHARED_SECRET = re.compile(r"/s-\w{5,}(?=/|$)")  # of SoundCloud's private tracks
# Whoever has the address of a shared file can read it.
SHARE_HOST = re.compile(
    r"(?:.*\.)?(?:drive\.google\.com|docs\.google\.com|drive\.usercontent\.google\.com"
    r"|googleusercontent\.com|googleapis\.com|dropbox\.com|dropboxusercontent\.com|1drv\.ms"
    r"|onedrive\.live\.com|sharepoint\.com|mega\.nz|mega\.co\.nz|box\.com|pcloud\.(?:com|link)"
    r"|we\.tl|wetransfer\.com|mediafire\.com|disk\.yandex\.\w+|yadi\.sk)(?::\d+)?",
    re.IGNORECASE,
)
ANY_ADDRESS = re.compile(r"\b\w[\w+.-]{1,30}://\S+")
LOGIN = re.compile(r"(://)[^/?#\s]*@")


def public_id(addresses: Iterable[str | None]) -> str | None:
    """The first id of Spotify, MusicBrainz or YouTube, else the first public address.

    An id that pgmuse wrote counts too. Neither files nor private streams identify a recording.
    """
    stripped = [address.strip() for address in addresses if address]
    for address in stripped:
        if match := SPOTIFY.match(address):
            return match[1]
    for address in stripped:
        if address.startswith(OWN):
            return without_secrets(unquote(address.removeprefix(OWN)))
        if match := RECORDING.fullmatch(address):
            return f"https://musicbrainz.org/recording/{match[1].lower()}"
        if match := YOUTUBE.match(address):
            return f"https://www.youtube.com/watch?v={match[1]}"
        kept, is_private = _stripped(address)
        if kept and not is_private:
            return kept
    return None


def other_kind(addresses: Iterable[str | None]) -> str | None:
    """What the addresses are where none is of a track: "an address of: episode"."""
    kind = None
    for address in addresses:
        if not address or len(address) > LONGEST:
            continue
        stripped = address.strip()
        if SPOTIFY.match(stripped) or YOUTUBE.match(stripped) or RECORDING.fullmatch(stripped):
            return None
        if match := OTHER.match(stripped):
            kind = kind or (match[1] or match[2]).lower()
    return kind and f"an address of: {'channel' if kind in ('c/', '@') else kind}"


def private_id(addresses: Iterable[str | None]) -> str | None:
    """The first address of a private stream, without its secrets: for a track without a title."""
    return next(filter(None, (_stripped(one.strip())[0] for one in addresses if one)), None)


def without_secrets(text: str) -> str:
    """The text with each address in it reduced to its public part."""
    is_short = len(text) <= LONGEST  # longer texts are rejected
    return ANY_ADDRESS.sub(_public_part, text) if is_short and "://" in text else text


def without_tokens(address: str) -> str:
    """The address of a playlist without login and secret parameters."""
    if len(address) > LONGEST:
        return address
    start, question, query = LOGIN.sub(r"\1", address).partition("?")
    kept = [
        one for one in query.split("&")
        if not SECRET.fullmatch(one.partition("=")[0]) and not TOKEN.search(one.partition("=")[2])
    ]  # fmt: skip
    return start + (question + "&".join(kept) if kept and query else "")


def is_file(text: str) -> bool:
    """Whether the text is the path of an audio file, or a file: address."""
    return bool(AUDIO_FILE.search(text)) or text.lower().startswith("file:")


def is_stream(path: str) -> bool:
    """Whether an address or its path is of a server's stream: it names neither artist nor title."""
    path = re.split("[?#]", LOGIN.sub(r"\1", path))[0]
    return bool(STREAM_PATH.search(path) or LOGIN_PATH.search(path))


def services_only(locations: Iterable[str]) -> Iterator[str]:
    """The locations at Spotify or YouTube: others do not identify a track."""
    for location in locations:
        address = location.strip()
        if SPOTIFY.match(address) or YOUTUBE.match(address):
            yield address


def _public_part(match: re.Match[str]) -> str:
    address = match[0]
    if youtube := YOUTUBE.match(address):
        return f"https://www.youtube.com/watch?v={youtube[1]}"
    if parts := ADDRESS.fullmatch(ROUTE.sub("/", address, count=1)):
        return _joined(parts)[0]
    return re.split("[?#]", LOGIN.sub(r"\1", address))[0]


def _stripped(address: str) -> tuple[str | None, bool]:
    """The address without secrets, None where it is none; and whether it is a private stream."""
    parts = ADDRESS.fullmatch(ROUTE.sub("/", address, count=1)) if len(address) <= LONGEST else None
    if parts is None or AUDIO_FILE.search(address) or SERVICE.match(address):
        return None, False  # a file, or no track of a service whose tracks are read above
    kept, has_secrets = _joined(parts)
    if SHARE_HOST.fullmatch(parts["host"]):
        return None, True
    if not parts["path"].strip("/") and "?" not in kept:
        return None, True  # a host without a path
    is_local = LOCAL_HOST.fullmatch(parts["host"]) or SERVER_PATH.search(parts["path"])
    return kept, has_secrets or bool(is_local)


def _joined(parts: re.Match[str]) -> tuple[str, bool]:
    """An address without login, fragment and parameters that do not identify a recording."""
    start = f"{parts['scheme'].lower()}{parts['host'].lower()}"
    if SHARE_HOST.fullmatch(parts["host"]):
        return start, True
    kept = []
    has_secrets = bool(parts["login"]) or bool(TOKEN.search(parts["path"]))
    for parameter in filter(None, (parts["query"] or "").split("&")):
        name, _, value = parameter.partition("=")
        if name.lower().replace("_", "") in IDENTIFYING and not TOKEN.search(value):
            kept.append(parameter)
        elif not HARMLESS.fullmatch(name):
            has_secrets = True
    path = start + SHARED_SECRET.sub("", TOKEN.sub("...", parts["path"]))
    public = LOGIN_PATH.sub(r"\g<start>.../\g<number>", path)
    has_secrets = has_secrets or public != start + parts["path"]
    return public + ("?" + "&".join(kept) if kept else ""), has_secrets
