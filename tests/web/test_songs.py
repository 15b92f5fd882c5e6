"""The song radio's pages."""

import pytest
from psycopg.types.json import Jsonb

from loaders.songs.formats import read
from tests.factories.rows import add_model, add_track
from tests.factories.sounds import add_sound, publish_sounds
from tests.servers import postgres
from tests.web.conftest import HTML

SPOTIFY = "4uLU6hMCjMI75M1A2tKUQC"


def test_completion_begins_with_three_letters(site):
    assert "Third" not in site.get("/songs/complete?q=th").text
    page = site.get("/songs/complete?q=thi&seed=a&unlike=d&n=7").text
    assert "<b>Third</b>" in page
    assert (
        'href="/songs?seed=https%3A%2F%2Fexample.org%2F3&seed=a&unlike=d&n=7&per_artist=3"' in page
    )
    assert "No song is called so" in site.get("/songs/complete?q=zzzz").text


def test_a_radio_has_links_to_its_tracks_and_leaves_seeds_out(site):
    page = site.get("/songs?seed=a", headers=HTML).text
    assert f'href="https://open.spotify.com/track/{SPOTIFY}"' in page
    assert 'href="https://example.org/3"' in page
    rows = site.get("/songs/radio?seed=a").json()
    assert [row["track_id"] for row in rows] == [SPOTIFY, "https://example.org/3", "d"]
    assert [row["place"] for row in rows] == [1, 2, 3]


def test_avoided_songs_and_the_limit_of_an_artist_change_the_radio(site):
    one = site.get("/songs/radio?seed=a&per_artist=1").json()
    assert [row["track_id"] for row in one] == [SPOTIFY, "d"]
    less = site.get(f"/songs/radio?seed=a&unlike={SPOTIFY}").json()
    assert SPOTIFY not in [row["track_id"] for row in less]


@pytest.mark.parametrize("format", ["m3u", "jspf", "xspf", "csv"])
def test_a_saved_radio_loads_to_the_same_tracks(site, format, tmp_path):
    answer = site.get(f"/songs/radio.{format}?seed=a")
    assert answer.headers["content-disposition"] == f'attachment; filename="radio.{format}"'
    path = tmp_path / f"radio.{format}"
    path.write_bytes(answer.content)
    (file,) = read(str(path))
    (playlist,) = file.entries
    ids = [track.track_id for track in playlist.tracks]
    assert ids[:2] == [SPOTIFY, "https://example.org/3"]


def test_without_a_model_the_page_says_what_to_run(bare):
    page = bare.get("/songs?seed=nothing", headers=HTML)
    assert page.status_code == 400, page.text
    assert "./pgmuse train songs" in page.text


def test_an_unknown_seed_is_named(site):
    page = site.get("/songs?seed=nothing", headers=HTML)
    assert page.status_code == 200
    assert '<span class="tag">nothing' in page.text


def test_the_page_shows_what_sounds_like_the_last_seed(site, server):
    with postgres.connection(server, "pages") as conn:
        tagger = add_model(conn, "tagger", tags=["calm", "loud"] + ["x"] * 48)
        add_track(conn, "heard")
        publish_sounds(conn, {"a": [1, 0], "d": [1, 1], SPOTIFY: [1, 2], "heard": [-1, 0]})
        conn.execute("update muse.models set config = config || %s where name = 'sounds'",
                     (Jsonb({"tagger": tagger}),))  # fmt: skip
        add_sound(conn, tagger, "a", [1, 0], [0.75, 0.25])
    page = site.get("/songs?seed=d&seed=a", headers=HTML).text
    assert "What sounds like First Song" in page
    assert page.index('<a href="/songs?seed=d"') < page.index(f'<a href="/songs?seed={SPOTIFY}"')
    assert 'calm <span class="quiet">0.75</span>, loud' in page
    assert (
        "What sounds like" not in site.get("/songs?seed=https://example.org/3", headers=HTML).text
    )
    assert "similar_sounds" in page  # the query, to copy
    assert "sound =&gt; 0.5" in site.get("/songs?seed=heard", headers=HTML).text
    with postgres.connection(server, "pages") as conn:
        conn.execute("delete from muse.deployments where name in ('sounds', 'tagger')")
        conn.execute("delete from muse.tracks where track_id = 'heard'")
