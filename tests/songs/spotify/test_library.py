"""Playlists by link, and the library of a user who logs in."""

import socket
import threading
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from loaders.cli import app
from loaders.core.errors import Problem
from loaders.songs.forget import forget_playlists
from loaders.songs.spotify.credentials import TokenFile
from loaders.songs.spotify.save import save
from tests.factories.spotify import fill, song, songs, spotify_id
from tests.servers import faults


def test_playlists_by_link(fresh, service, load):
    fill(service)
    links = (f"https://open.spotify.com/intl-de/playlist/{spotify_id(2)}?si=abc",
             f"spotify:playlist:{spotify_id(3)}")  # fmt: skip
    assert load(playlists=links).written == 2
    assert load(playlists=links).unchanged == 2
    service.add(spotify_id(2), "雨の日", songs(7))
    service.snapshots[spotify_id(2)] = "2"
    assert load(playlists=links).written == 1
    assert fresh.execute("select count(*) from spotify_words where word <> 'a'").fetchone() == (0,)


def test_a_link_that_cannot_be_loaded_says_why(service, load):
    fill(service)
    service.withheld = {spotify_id(2)}
    result = load(playlists=(spotify_id(2), spotify_id(77), spotify_id(3)))
    assert result.written == 1
    assert not result.is_good
    assert "withheld" in result.failures[0]
    assert "404" in result.failures[1]
    with pytest.raises(Problem, match="is no playlist"):
        load(playlists=("https://open.spotify.com/album/1",))


def log_in(**more) -> None:
    token = {"access_token": "token-1", "refresh_token": "refresh-1", "expires_at": 2**40,
             "scope": "playlist-read-private playlist-read-collaborative user-library-read"}  # fmt: skip
    TokenFile().save_token_to_cache(token | more)


def test_the_users_own_library(fresh, service, load, tmp_path, monkeypatch):
    monkeypatch.delenv("SPOTIPY_CLIENT_SECRET")  # a user's login needs none
    fill(service)
    service.tokens = ["token-1"]
    service.library, service.liked = [spotify_id(0), spotify_id(2)], songs(*range(80))
    service.forbidden = {spotify_id(2)}
    log_in()
    assert load(mine=True).written == 2
    assert fresh.execute("select title, places from playlists order by places").fetchall() == [
        ("A rainy day", 3), ("Liked songs", 80),
    ]  # fmt: skip
    before = len(service.requests)
    assert load(mine=True).written == 0
    assert len(service.requests) == before + 3  # user, playlists, likes
    service.liked.insert(0, song(500))
    assert load(mine=True).written == 1
    assert (tmp_path / "config" / "spotify-login.json").stat().st_mode & 0o777 == 0o600


def test_forgetting_a_user_keeps_no_id_of_them(fresh, service, load):
    log_in()
    service.tokens, service.liked = ["token-1"], songs(1, 2)
    assert load(mine=True).written == 1
    forget_playlists(fresh, "owner", "somebody")
    assert fresh.execute("select from spotify_playlists").fetchone() is None
    assert load(mine=True).written == 1


def test_a_login_that_was_revoked(service, load, tmp_path):
    log_in(expires_at=1, refresh_token="revoked")
    with pytest.raises(Problem, match="no longer valid: run ./pgmuse load spotify --mine"):
        load(mine=True)


def test_the_first_login_prints_an_address(fresh, service, load, monkeypatch, capsys):
    fill(service)
    service.library = [spotify_id(0)]
    prompts = []

    def answer(prompt: str) -> str:
        prompts.append(capsys.readouterr().err)
        state = prompts[-1].partition("state=")[2].split()[0]
        return f"http://127.0.0.1:8888/callback?code=abc&state={state}"

    monkeypatch.setattr("builtins.input", answer)
    assert load(mine=True, browser=False).written == 1
    assert "code_challenge_method=S256" in prompts[0]
    assert service.logins[0]["grant_type"] == "authorization_code"
    assert "code_verifier" in service.logins[0]
    assert "client_secret" not in service.logins[0]
    load(mine=True)
    assert len(prompts) == len(service.logins) == 1


def test_a_radio_is_saved_in_the_account(service, load, monkeypatch):
    log_in(scope="playlist-modify-private user-library-read", access_token="token-1")
    service.tokens = ["token-1"]
    ids = [one["id"] for one in songs(*range(130))]
    address = save([*ids, "somebody - no id of Spotify"], "My radio", service=service.service)
    assert address == "https://open.spotify.com/playlist/" + "3" * 22
    assert service.created["3" * 22] == [f"spotify:track:{one}" for one in ids]


def test_a_radio_without_ids_of_spotify_is_not_saved(service):
    with pytest.raises(Problem, match="no track has a Spotify id"):
        save(["somebody - a song"], "My radio", service=service.service)


def test_a_radio_that_is_saved_in_part_says_so(service):
    log_in(scope="playlist-modify-private", access_token="token-1")
    service.tokens = ["token-1"]
    service.faults[f"/v1/playlists/{'3' * 22}/items"] = [faults.busy]
    with pytest.raises(Problem, match=r"0 tracks of 1 are in https://open.spotify.com/playlist/3"):
        save([song(1)["id"]], "My radio", service=service.service)


@pytest.mark.parametrize("path", ["/v1/me", "/v1/me/playlists", "/v1/me/tracks"])
def test_a_user_whom_the_app_does_not_list_is_told(service, load, path):
    log_in()
    refused = lambda handler: handler.refuse(403, "User not registered")  # noqa: E731
    service.tokens, service.faults[path] = ["token-1"], [refused]
    (failure,) = load(mine=True).failures
    assert "403 User not registered: the dashboard of the app must list you" in failure


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 500, "a b", "", 5])
def test_a_user_with_an_unusable_id_is_told(service, load, name):
    log_in()
    service.tokens = ["token-1"]
    service.faults["/v1/me"] = [lambda handler: handler.json(200, {"id": name})] * 9
    assert "something else than a user" in load(mine=True).failures[0]


def test_playlists_without_an_end_are_read_once(fresh, service, load):
    fill(service)
    log_in()
    service.tokens, service.repeats = ["token-1"], True
    service.library = [spotify_id(0)] * 500
    assert load(mine=True).written == 1
    assert len(service.requests) < 9


@pytest.mark.parametrize(
    ("query", "message"),
    [("?error=access_denied", "was cancelled"), ("?code=abc&state=wrong", "not the address"),
     ("rubbish", "not the address")],
)  # fmt: skip
def test_a_wrong_answer_to_the_login_is_told(service, load, monkeypatch, query, message):
    monkeypatch.setattr("builtins.input", lambda prompt: f"http://127.0.0.1:8888/callback{query}")
    with pytest.raises(Problem, match=message):
        load(mine=True, browser=False)


def visit(monkeypatch, *queries: str) -> None:
    """A browser that calls the redirect URI with these queries."""

    def answer(address: str) -> bool:
        fields = {name: one for name, (one,) in parse_qs(urlsplit(address).query).items()}
        urls = [fields["redirect_uri"] + query.format(**fields) for query in queries]
        threading.Thread(target=lambda: [urlopen(url).read() for url in urls]).start()
        return True

    monkeypatch.setattr("webbrowser.open", answer)


@pytest.fixture
def redirect_uri(monkeypatch) -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        uri = f"http://127.0.0.1:{free.getsockname()[1]}/callback"
    monkeypatch.setenv("SPOTIPY_REDIRECT_URI", uri)
    return uri


def test_the_login_in_a_browser(service, load, monkeypatch, redirect_uri):
    fill(service)
    service.library = [spotify_id(0)]
    visit(monkeypatch, "/favicon.ico", "?code=abc&state=forged", "?code=abc&state={state}")
    assert load(mine=True).written == 1
    assert service.logins[0]["code"] == "abc"


def test_a_login_that_was_cancelled_in_the_browser(load, monkeypatch, redirect_uri):
    visit(monkeypatch, "?error=access_denied&state={state}")
    with pytest.raises(Problem, match="was cancelled"):
        load(mine=True)


def test_a_login_without_a_browser_names_the_option(load, monkeypatch, redirect_uri):
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    with pytest.raises(Problem, match="no browser here: run it again with --no-browser"):
        load(mine=True)


def test_a_port_that_is_in_use_is_told(load, redirect_uri):
    port = int(redirect_uri.split(":")[2].split("/")[0])
    taken = socket.create_server(("127.0.0.1", port))
    with taken, pytest.raises(Problem, match=f"port {port}: .* in use.* --no-browser"):
        load(mine=True)


@pytest.mark.parametrize("links", ["", ",", " , "])
def test_an_empty_link_begins_no_crawl(links):
    done = CliRunner().invoke(app, ["load", "spotify", "--playlist", links])
    assert done.exit_code == 2
    assert "--playlist needs an id or a link" in done.output
