"""`pgmuse login`: roles that may query or load, with a password from a file."""

import psycopg
import pytest

from loaders.admin.logins import create_login
from loaders.core.errors import Problem
from loaders.core.server.cluster import Server


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "password"
    path.write_text("s3cr:t\\ and more\nsecond line\n")
    return path


@pytest.fixture
def admin(fresh):
    yield fresh
    fresh.execute("drop role if exists ann")


def memberships(conn: psycopg.Connection) -> list[str]:
    query = "select roleid::regrole::text from pg_auth_members where member = 'ann'::regrole"
    return sorted(name for (name,) in conn.execute(query))


def test_a_login_has_its_role_and_a_hash(admin, file, server: Server):
    create_login(admin, "ann", file, loader=False)
    assert memberships(admin) == ["muse_reader"]
    select = "select rolpassword from pg_authid where rolname = 'ann'"
    (first,) = admin.execute(select).fetchone()
    assert first.startswith("SCRAM-SHA-256$")

    file.write_text("another\n")
    create_login(admin, "ann", file, loader=True)
    assert memberships(admin) == ["muse_loader", "muse_reader"]
    assert admin.execute(select).fetchone() != (first,)


def test_the_password_is_not_sent(admin, file):
    admin.execute("set log_statement = 'all'; set log_min_duration_statement = 0")
    create_login(admin, "ann", file, loader=False)
    log = admin.execute("select pg_read_file(pg_current_logfile())").fetchone()[0]
    assert 'alter role "ann" login password' in log
    assert "s3cr" not in log


@pytest.mark.parametrize("text", ["", "\nsecond line\n", None])
def test_without_a_password_no_login_is_made(admin, tmp_path, text):
    path = tmp_path / "password"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Problem, match=str(path)):
        create_login(admin, "ann", path, loader=False)
    assert not admin.execute("select from pg_roles where rolname = 'ann'").rowcount


def test_a_superuser_keeps_its_password(admin, file):
    with pytest.raises(Problem, match="postgres is a superuser"):
        create_login(admin, "postgres", file, loader=False)
