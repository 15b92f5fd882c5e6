"""Music of a game, and the lists of tracks that its scenarios play, of Debian's packages."""

import re
import sys

import psycopg

from loaders.admin.samples import Package, fetch
from loaders.core.config import HOME
from loaders.core.models import live_model
from loaders.sounds.load import load_path
from loaders.sounds.options import SoundOptions

CAMPAIGNS = (
    "did", "dm", "dw", "ei", "httt", "l", "low", "nr", "sof", "sota", "sotbe", "thot", "trow",
    "tsg", "ttb", "utbs",
)  # fmt: skip
FOLDER = HOME / "var" / "bench"
DATA = FOLDER / "samples" / "debian" / "usr" / "share" / "games" / "wesnoth" / "1.16" / "data"
LICENCE = "GPL-2+ and CC BY-SA, each file has its own"
LISTED = re.compile(
    r'\{(?:(?:EXTRA_|REPLACE_)?SCENARIO_MUSIC|APPEND_MUSIC)\s+"?([\w-]+)\.ogg'
    r'|\{INTRO_AND_SCENARIO_MUSIC\s+"?[\w-]+\.ogg"?\s+"?([\w-]+)\.ogg'
    r'|\[music\][^\[]*?\bname\s*=\s*"?([\w-]+)\.ogg'
)
JINGLES = {"victory", "victory2", "defeat", "defeat2", "silence", "main_menu"}


def download() -> None:
    """Fetch the packages that are missing; none is installed."""
    packages = [Package("debian", "wesnoth-1.16-music", ("*/music/*.ogg",), LICENCE, "music")]
    packages += [
        Package("debian", f"wesnoth-1.16-{name}", ("*/scenarios/*.cfg",), LICENCE, "scenarios")
        for name in CAMPAIGNS
    ]
    stamp = FOLDER / "wesnoth.stamp"
    stamp.parent.mkdir(parents=True, exist_ok=True)
    fetched = stamp.read_text().split() if stamp.exists() else []
    for package in packages:
        if package.name not in fetched:
            print(f"-- fetching {package.name}", file=sys.stderr)
            fetch(package, FOLDER, sys.stderr)
            fetched.append(package.name)
            stamp.write_text("\n".join(fetched))


def load(conn: psycopg.Connection) -> dict[str, str]:
    """Load the music; the ids of its tracks by the names of their files."""
    tagger = live_model(conn, "tagger")
    assert tagger is not None
    load_path(conn, tagger, DATA / "core" / "music", SoundOptions())
    rows = conn.execute("select location, track_id from muse.sound_sources")
    return {location.removesuffix(".ogg"): track_id for location, track_id in rows}


def lists() -> list[tuple[str, list[str]]]:
    """The campaign and the tracks, each once, of every scenario that plays some."""
    scenarios = []
    for path in sorted(DATA.glob("campaigns/*/scenarios/**/*.cfg")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
        names = [next(filter(None, match.groups())) for match in LISTED.finditer(text)]
        tracks = [name for name in dict.fromkeys(names) if name not in JINGLES]
        campaign = path.relative_to(DATA / "campaigns").parts[0]
        if tracks and campaign != "tutorial":
            scenarios.append((campaign, tracks))
    return scenarios
