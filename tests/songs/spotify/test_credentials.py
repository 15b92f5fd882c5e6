"""Credentials and tokens of Spotify."""

import os

import pytest

from loaders.core.errors import Problem
from loaders.songs.spotify.credentials import TokenFile
from tests.factories.spotify import fill


def test_an_expired_token_is_replaced(service, load):
    fill(service)
    service.faults["/v1/search"] = [lambda handler: handler.refuse(401, "expired")]
    assert load().written == 3
    assert len(service.logins) == 2


def test_wrong_credentials_are_told_and_not_printed(service, load, capsys, monkeypatch):
    def invalid(handler):
        handler.json(400, {"error": "invalid_client", "error_description": "Invalid client s3cret"})

    service.faults["/api/token"] = [invalid] * 9
    with pytest.raises(Problem, match="invalid_client.*check SPOTIPY_CLIENT_ID") as caught:
        load()
    assert "s3cret" not in str(caught.value) + capsys.readouterr().err


def test_missing_credentials_are_told(load, monkeypatch):
    monkeypatch.delenv("SPOTIPY_CLIENT_SECRET")
    with pytest.raises(Problem, match=r"set SPOTIPY_CLIENT_SECRET, or write .*/spotify: docs"):
        load()


def test_a_file_that_others_may_read_is_refused(service, load, monkeypatch, tmp_path):
    monkeypatch.delenv("SPOTIPY_CLIENT_SECRET")
    fill(service)
    path = tmp_path / "config" / "spotify"
    path.parent.mkdir()
    path.write_text("SPOTIPY_CLIENT_SECRET=s3cret\n")
    path.chmod(0o640)
    with pytest.raises(Problem, match="chmod 600"):
        load()
    path.chmod(0o600)
    assert load().written == 3


def test_no_secret_is_in_the_database(fresh, service, load):
    fill(service)
    load()
    tables = "select table_name from information_schema.tables where table_schema = 'muse'"
    for (table,) in fresh.execute(tables).fetchall():
        rows = fresh.execute(f'select row_to_json(t)::text from muse."{table}" as t').fetchall()
        assert "s3cret" not in str(rows), table
        assert "token-" not in str(rows), table


@pytest.mark.parametrize(
    "token",
    [None, [], {}, {"access_token": "x"}, {"access_token": "x", "expires_in": "3600"},
     {"access_token": "secret\ntoken", "expires_in": 3600},
     {"access_token": "sécret", "expires_in": 3600}, {"access_token": 5, "expires_in": 3600}],
)  # fmt: skip
def test_a_login_that_answers_wrongly_is_tried_again(fresh, service, load, capsys, token):
    fill(service)
    service.faults["/api/token"] = [lambda handler: handler.json(200, token)] * 2
    assert load().written == 3
    assert "something else than a token" in capsys.readouterr().err
    reason = "select reason from spotify_state"
    assert "cret" not in fresh.execute(reason).fetchone()[0]


def test_the_text_of_a_refused_login_is_not_printed(service, load):
    echo = lambda handler: handler.json(400, {"error": "no app has s3cret"})  # noqa: E731
    service.faults["/api/token"] = [echo] * 9
    with pytest.raises(Problem, match=r"refuses the login \(status 400\)"):
        load()


def test_credentials_outside_of_ascii_are_told(load, monkeypatch):
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "s3crét")
    with pytest.raises(Problem, match="SPOTIPY_CLIENT_SECRET has blanks or letters outside"):
        load()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_refused(service, load, monkeypatch, tmp_path, kind):
    monkeypatch.delenv("SPOTIPY_CLIENT_SECRET")
    path = tmp_path / "config" / "spotify"
    path.parent.mkdir()
    {
        "link": lambda: path.symlink_to("/dev/zero"),
        "pipe": lambda: os.mkfifo(path, 0o600),
        "folder": lambda: path.mkdir(0o700),
    }[kind]()
    with pytest.raises(Problem, match=r"/spotify: (a symbolic link|no file|Is a directory)"):
        load()


def test_a_file_of_a_shell_is_read(service, load, monkeypatch, tmp_path):
    monkeypatch.delenv("SPOTIPY_CLIENT_SECRET")
    fill(service)
    path = tmp_path / "config" / "spotify"
    path.parent.mkdir()
    path.write_text('\ufeffexport SPOTIPY_CLIENT_SECRET="s3cret"\r\n', encoding="utf-8")
    path.chmod(0o600)
    assert load().written == 3


@pytest.mark.parametrize("text", ["[", "5", '{"access_token": "a", "refresh_token": "b"}',
    '{"access_token": "a\\nb", "refresh_token": "b", "expires_at": 1, "scope": ""}',
    '{"access_token": "a", "refresh_token": "b", "expires_at": "x", "scope": ""}'])  # fmt: skip
def test_a_stored_login_that_is_damaged_counts_as_none(load, tmp_path, text):
    path = tmp_path / "config" / "spotify-login.json"
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Problem, match="nobody has logged in to Spotify"):
        load(mine=True, may_ask=False)


def test_a_login_that_cannot_be_stored_is_told(tmp_path):
    (tmp_path / "config").write_text("a file")
    with pytest.raises(Problem, match="spotify-login.json: the login cannot be stored: "):
        TokenFile(tmp_path / "config" / "spotify-login.json").save_token_to_cache({})


def test_a_link_in_place_of_the_login_is_replaced_not_followed(tmp_path):
    other = tmp_path / "other"
    other.write_text("keep")
    tokens = TokenFile(tmp_path / "spotify-login.json")
    tokens.path.symlink_to(other)
    tokens.save_token_to_cache({})
    assert (other.read_text(), tokens.path.is_symlink()) == ("keep", False)
