"""A backup is one file, and comes back with rows, roles and settings."""

import io
import json
import os
import re
import stat
import tarfile

import pytest

from loaders.admin.backup import backup, restore
from loaders.core.errors import Problem
from tests.factories.rows import add_track
from tests.servers.postgres import use


@pytest.fixture
def elsewhere(server):
    """An empty database on the same server."""
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create database elsewhere")
    yield
    use(server)
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("drop database elsewhere with (force)")
        admin.execute("drop role if exists ann")


@pytest.fixture
def saved(fresh, server, elsewhere, tmp_path):
    """A backup of a database with a track, a login, a password and a setting."""
    add_track(fresh, "a")
    fresh.execute("create role ann login password 'secret' in role muse_reader connection limit 3")
    fresh.execute("alter database fresh set muse.keep_models = '7'")
    path = tmp_path / "muse.tar"
    backup(path)
    return path


def test_rows_roles_and_settings_come_back(saved, fresh, server):
    fresh.execute("drop role ann")
    use(server, "elsewhere")
    restore(saved)
    with server.connect(dbname="elsewhere", user="ann") as conn:
        assert conn.execute("select name from tracks").fetchall() == [("A",)]
        assert conn.execute("show muse.keep_models").fetchone() == ("7",)
    query = "select rolpassword like 'SCRAM%', rolconnlimit from pg_authid where rolname = 'ann'"
    assert fresh.execute(query).fetchone() == (True, 3)


def test_only_its_owner_reads_it_and_tar_opens_it(saved):
    assert stat.S_IMODE(os.stat(saved).st_mode) == 0o600
    with tarfile.open(saved) as archive:
        assert archive.getnames() == ["backup.json", "database.dump"]
        assert b'"keep_models"' not in archive.extractfile("backup.json").read(20)
        assert archive.extractfile("database.dump").read(5) == b"PGDMP"
    assert b"secret" not in saved.read_bytes()


def test_the_line_counts_roles_only_where_there_are_some(fresh, elsewhere, tmp_path, capsys):
    backup(tmp_path / "one.tar")
    assert re.search(r"one.tar: 0\.\d MB$", capsys.readouterr().err)
    fresh.execute("create role ann login in role muse_reader")
    backup(tmp_path / "two.tar")
    assert re.search(r"two.tar: 0\.\d MB with 1 role$", capsys.readouterr().err)


def test_an_existing_file_or_schema_is_kept(saved, fresh):
    before = saved.read_bytes()
    with pytest.raises(Problem, match="--again replaces it"):
        backup(saved)
    assert saved.read_bytes() == before
    with pytest.raises(Problem, match="has a schema muse: name an empty database"):
        restore(saved)


def test_a_role_that_has_only_a_grant_comes_along(fresh, server, elsewhere, tmp_path):
    fresh.execute("create role ann")
    fresh.execute("grant usage on schema muse to ann")
    fresh.execute("grant select on muse.songs to ann")
    backup(tmp_path / "muse.tar")
    fresh.execute("drop owned by ann")
    fresh.execute("drop role ann")
    use(server, "elsewhere")
    restore(tmp_path / "muse.tar")
    with server.connect(dbname="elsewhere") as conn:
        query = "select has_table_privilege('ann', 'muse.songs', 'select')"
        assert conn.execute(query).fetchone() == (True,)
        conn.execute("drop owned by ann")


def test_a_file_that_others_prepared_is_not_used(fresh, tmp_path):
    (tmp_path / "target").write_text("precious")
    for name in ("muse.tar.partial", ".muse.tar.partial"):
        (tmp_path / name).symlink_to(tmp_path / "target")
    backup(tmp_path / "muse.tar")
    assert (tmp_path / "target").read_text() == "precious"
    assert not (tmp_path / "muse.tar").is_symlink()
    for bad in (tmp_path, tmp_path / ("x" * 300)):
        with pytest.raises(Problem):
            backup(bad, again=True)


@pytest.mark.parametrize(
    "about",
    [
        '{"roles": [{"name": 5}]}',
        '{"settings": [1]}',
        "[]",
        '{"roles": [{"name": "a", "member_of": 5}]}',
    ],
)
def test_a_description_of_other_types_is_refused(saved, fresh, server, about, tmp_path):
    complete = {"revision": "0001", "version": "1", "with_python": False}
    content = json.loads(about)
    text = json.dumps(complete | content if isinstance(content, dict) else content).encode()
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        member = tarfile.TarInfo("backup.json")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    use(server, "elsewhere")
    with pytest.raises(Problem, match="is no backup"):
        restore(tmp_path / "bad.tar")


@pytest.mark.parametrize("length", [0, 100, 700, 1500, 60_000])
def test_a_file_that_is_cut_off_changes_nothing(saved, fresh, server, length):
    saved.write_bytes(saved.read_bytes()[:length])
    use(server, "elsewhere")
    with pytest.raises(Problem):
        restore(saved)
    with server.connect(dbname="elsewhere") as conn:
        assert conn.execute("select to_regnamespace('muse')").fetchone() == (None,)


def test_a_role_of_the_file_gets_no_membership_in_others(saved, fresh, server):
    fresh.execute("drop role ann")
    content = saved.read_bytes()
    hostile = content.replace(b'"muse_reader"', b'"pg_monitor" ')
    saved.write_bytes(hostile)
    use(server, "elsewhere")
    restore(saved)
    query = "select pg_has_role('ann', 'pg_monitor', 'member')"
    assert fresh.execute(query).fetchone() == (False,)


def test_a_backup_that_fails_leaves_no_file(fresh, tmp_path, monkeypatch):
    monkeypatch.setattr("loaders.admin.backup.bindir", lambda: tmp_path)
    with pytest.raises((Problem, OSError)):
        backup(tmp_path / "muse.tar")
    assert list(tmp_path.iterdir()) == []
