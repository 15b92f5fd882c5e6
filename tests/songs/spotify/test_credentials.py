"""Credentials and tokens of Spotify."""

import pytest

from loaders.core.errors import Problem
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
