"""Privileges: loaders own and create nothing, readers change nothing."""

import os
import subprocess
import sys

import psycopg
import pytest

from loaders.admin.migrate import migrate
from loaders.core import db as connections
from loaders.core.config import ROOT
from tests.factories.playlists import IDS, slice_of
from tests.factories.wikidata import FRAMINGS, small

OUR_SCHEMAS = "('muse', 'muse_tables', 'muse_partitions', 'muse_staging', 'muse_locks')"
PLAYLIST = b'{"playlists": [{"pid": 0, "name": "a", "tracks": [{"pos": 0, "track_uri": "spotify:track:%b", "track_name": "x", "artist_name": "y"}]}]}'


@pytest.fixture
def logins(fresh, server):
    """A login in each role, and a function that connects as one."""
    with server.connect(dbname="fresh", autocommit=True) as admin:
        admin.execute("create role loader_login login in role muse_loader")
        admin.execute("create role reader_login login in role muse_reader")
        admin.execute("create role stranger_login login")

    def connect(user: str) -> psycopg.Connection:
        return server.connect(dbname="fresh", user=user, autocommit=True)

    yield connect
    with server.connect(dbname="fresh", autocommit=True) as admin:
        for role in ("loader_login", "reader_login", "stranger_login"):
            admin.execute(f"drop owned by {role} cascade")
            admin.execute(f"drop role {role}")


def run(*arguments: str, user: str = "postgres", **more: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "loaders", *arguments]
    environment = dict(os.environ) | {"PGUSER": user} | more
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_roles_own_nothing_and_create_nothing(db):
    owned = f"""
        select relname from pg_class join pg_namespace as schema on schema.oid = relnamespace
        where nspname in {OUR_SCHEMAS} and pg_get_userbyid(relowner) like 'muse!_%' escape '!'
        union all
        select proname from pg_proc join pg_namespace as schema on schema.oid = pronamespace
        where nspname in {OUR_SCHEMAS} and pg_get_userbyid(proowner) like 'muse!_%' escape '!'
    """
    assert db.execute(owned).fetchall() == []
    for role in ("muse_reader", "muse_loader"):
        create = f"""
            select nspname from pg_namespace
            where nspname in {OUR_SCHEMAS} and has_schema_privilege(%s, oid, 'create')
        """
        assert db.execute(create, (role,)).fetchall() == []
        for privilege in ("trigger", "truncate", "references"):
            query = f"""
                select relname from pg_class join pg_namespace as schema on schema.oid = relnamespace
                where nspname in {OUR_SCHEMAS} and relkind in ('r', 'p', 'v')
                  and has_table_privilege(%s, pg_class.oid, %s)
            """
            assert db.execute(query, (role, privilege)).fetchall() == [], privilege


def test_definer_functions_check_their_arguments_and_fix_their_path(db):
    for name, config in db.execute(
        "select proname, proconfig from pg_proc where prosecdef and pronamespace = 'muse'::regnamespace"
    ):
        assert "search_path=pg_catalog, pg_temp" in config, name


@pytest.mark.parametrize(
    "statement",
    [
        "create function muse.helper() returns int language sql as 'select 1'",
        "create function muse_partitions.helper() returns int language sql as 'select 1'",
        "create function muse_staging.helper() returns int language sql as 'select 1'",
        "create table muse_partitions.helper (x int)",
        "create table muse_staging.helper (x int)",
        "create table muse_locks.helper (x int)",
        "create operator muse.=== (leftarg = int, rightarg = int, function = int4eq)",
        "create trigger helper after insert on muse.wikipedia for each statement execute function suppress_redundant_updates_trigger()",
        "alter table muse.wikipedia add check (true)",
        "alter table muse.tracks alter name set default 'x'",
        "create rule helper as on insert to muse.tracks do also select 1",
        "alter table muse.song_vectors owner to loader_login",
        "alter table muse.tracks enable row level security",
        "update muse.vector_indexes set definition = ''",
        "insert into muse.dropped_indexes values ('a', 'tracks', 'select 1')",
        "update muse.alembic_version set version_num = '0001'",
        "lock table muse_locks.migrate in share update exclusive mode",
        "drop index muse.tracks_words",
        "truncate muse.tracks",
        "create table muse_tables.helper (x int)",
        "create function muse_tables.helper() returns int language sql as 'select 1'",
        "insert into muse.class_tables values ('pg_authid', 'Q1', 'x', false, 'en')",
        "update muse.class_table_columns set column_name = 'x'",
        "update muse.wikidata_units set factor = 2",
    ],
)
def test_a_loader_plants_nothing(logins, statement):
    with (
        logins("loader_login") as loader,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        loader.transaction(),
    ):
        loader.execute(statement)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("muse.create_partition('models', 1)", "UndefinedTable"),
        ("muse.create_partition('song_vectors; drop table x', 1)", "UndefinedTable"),
        ("muse.create_partition(null, null)", "UndefinedTable"),
        ("muse.create_partition('song_vectors', -1)", "UndefinedObject"),
        ("muse.create_staging('wikidata', 1, 'x; drop')", "InvalidParameterValue"),
        ("muse.create_staging('chunks', 1, '00000000')", "InvalidParameterValue"),
        ("muse.create_staging('wikidata', null, '00000000')", "InvalidParameterValue"),
        ("muse.create_staging('wikidata', 1, null)", "InvalidParameterValue"),
        ("muse.create_staging(null, 1, '00000000')", "InvalidParameterValue"),
        ("muse.drop_staging('wiki', 1)", "InvalidParameterValue"),
        ("muse.drop_staging('%', 1)", "InvalidParameterValue"),
        ("muse.analyze_tables(array['pg_catalog.pg_authid'])", "UndefinedTable"),
        ("muse.drop_indexes('songs')", "UndefinedTable"),
        ("muse.drop_indexes('pg_class')", "UndefinedTable"),
        ("muse.make_class_table('x; drop table y', 'Q1')", "InvalidName"),
        ("muse.make_class_table(null, null)", "InvalidName"),
        ("muse.make_class_table('banks', null)", "InvalidParameterValue"),
        ("muse.make_class_table('tracks', 'Q1')", "ReservedName"),
        (
            "muse.make_class_table('b', 'Q1', columns => array['P1''); drop'])",
            "InvalidParameterValue",
        ),
        (
            "muse.make_class_table('b', 'Q1', columns => array[null]::text[])",
            "InvalidParameterValue",
        ),
        ("muse.make_class_table('b', 'Q1', language => null)", "InvalidParameterValue"),
        ("muse.refresh_class_table('tracks')", "UndefinedTable"),
        ("muse.refresh_class_table(null)", "UndefinedTable"),
        ("muse.drop_class_table('tracks')", "UndefinedTable"),
        ("muse.drop_class_table('../muse.tracks')", "UndefinedTable"),
    ],
)
def test_a_loader_cannot_misuse_what_has_the_owners_rights(logins, call, error):
    with logins("loader_login") as loader, pytest.raises(getattr(psycopg.errors, error)):
        loader.execute(f"select {call}")


def test_a_reader_calls_nothing_that_has_the_owners_rights(logins, db):
    names = "select oid::regprocedure::text from pg_proc where prosecdef and pronamespace = 'muse'::regnamespace"
    for (name,) in db.execute(names):
        with logins("reader_login") as reader:
            may = reader.execute("select has_function_privilege(%s, 'execute')", (name,))
            assert may.fetchone() == (False,), name


def test_a_filled_table_keeps_its_indexes(logins, fresh):
    fresh.execute("insert into muse.wikidata (wikidata_id) values ('Q1')")
    with logins("loader_login") as loader:
        assert loader.execute("select muse.drop_indexes('wikidata')").fetchone() == (False,)


def test_a_load_runs_as_the_loader_even_for_a_superuser(fresh):
    with connections.connect_to_load() as conn:
        assert conn.execute("select current_user, session_user").fetchone() == (
            "muse_loader", "postgres",
        )  # fmt: skip


def test_a_login_that_may_not_load_is_told_the_grant(logins, tmp_path):
    path = tmp_path / "mpd.slice.0-1.json"
    path.write_bytes(PLAYLIST % (b"a" * 22))
    for user, grant in (("reader_login", "muse_loader"), ("stranger_login", "muse_reader")):
        done = run("load", "playlists", str(path), user=user)
        assert done.returncode == 1
        assert f"grant {grant} to {user}" in done.stderr or "schema muse" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    done = run("load", "playlists", str(path), user="loader_login")
    assert done.returncode == 0, done.stderr


def test_a_loader_login_loads_trains_and_refreshes_and_the_indexes_are_there(
    logins, fresh, tmp_path
):
    indexes = "select indexname, indexdef from pg_indexes where schemaname = 'muse' order by 1"
    before = fresh.execute(indexes).fetchall()
    slice_ = tmp_path / "mpd.slice.0-9.json"
    slice_.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(30))))
    dump = tmp_path / "dump.json"
    dump.write_text(FRAMINGS["dump"](small()))
    for arguments in (
        ["load", "playlists", str(slice_)],
        ["train", "songs", "--epochs", "1", "--artist-share", "1"],
        ["load", "wikidata", str(dump)],
        ["load", "wikipedia", "--sample"],
        ["load", "hieroglyphs", "--sample"],
        ["load", "models"],
        ["draw", "hieroglyphs", "-n", "2"],
        ["forget", "item", "Q1"],
        ["refresh"],
    ):
        done = run(*arguments, user="loader_login")
        assert done.returncode == 0, (arguments, done.stderr)
    assert fresh.execute(indexes).fetchall() == before
    assert fresh.execute("select count(*) from muse.dropped_indexes").fetchone() == (0,)


def test_a_stranger_holds_nothing_up(logins, tmp_path):
    """Advisory locks, which earlier versions used, block nothing."""
    path = tmp_path / "mpd.slice.0-1.json"
    path.write_bytes(PLAYLIST % (b"a" * 22))
    with logins("stranger_login") as stranger:
        for name in ("tracks", "sources", "images", "wikidata", "load_runs"):
            stranger.execute(
                "select pg_advisory_lock(oid::int, 0) from pg_class where relname = %s", (name,)
            )
        stranger.execute("select pg_advisory_lock(%s)", (0x70676D757365,))
        for table in ("migrate", "playlists"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), stranger.transaction():
                stranger.execute(f"lock table muse_locks.{table} in access share mode")
        assert run("load", "playlists", str(path)).returncode == 0
        migrate()


def test_a_lock_keeps_neither_a_transaction_id_nor_a_snapshot(fresh):
    with connections.connect_to_load(autocommit=True) as conn, connections.lock(conn, "wikidata"):
        holders = fresh.execute(
            "select backend_xid, backend_xmin from pg_stat_activity join pg_locks using (pid) "
            "where relation = 'muse_locks.wikidata'::regclass"
        )
        assert holders.fetchall() == [(None, None)]


def test_refresh_reads_no_file_that_another_login_named(logins, fresh, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("#EXTM3U\n#EXTINF:1,root - password\na.mp3\n")
    planted = (
        ("playlists", str(secret), "{}"),
        ("wikidata", "x", f'{{"request": {{"source": "{secret}"}}}}'),
        ("images", str(tmp_path), "{}"),
    )
    with logins("loader_login") as loader:
        for topic, location, options in planted:
            loader.execute(
                "insert into muse.sources (topic, location, options, loaded_at, added_by) "
                "values (%s, %s, %s, now(), 'postgres')",
                (topic, location, options),
            )
        loader.execute("update muse.sources set added_by = 'postgres'")
    done = run("refresh")
    assert done.returncode == 0, done.stderr
    assert "left to their login loader_login: 1 source (" in done.stderr
    assert fresh.execute("select count(*) from muse.load_runs").fetchone() == (0,)
    # A login that loads one of them becomes its owner, with its own options.
    assert run("load", "playlists", str(secret), user="postgres").returncode == 0
    row = "select added_by, options from muse.sources where topic = 'songs'"
    assert fresh.execute(row).fetchall() == [("postgres", {})]


def test_options_that_cannot_be_read_end_no_refresh(logins, fresh, tmp_path):
    (tmp_path / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    for topic, options in (
        ("icons", "{}"), ("wikidata", '{"request": "x"}'), ("wikipedia", '{"request": {"source": 7}}'),
    ):  # fmt: skip
        fresh.execute(
            "insert into muse.sources (topic, location, options, loaded_at) values (%s, %s, %s, now())",
            (topic, str(tmp_path), options),
        )
    done = run("refresh")
    assert done.returncode == 1
    assert done.stderr.count(f"the stored options of {tmp_path} cannot be read") == 3
    assert "Traceback" not in done.stderr
    with pytest.raises(psycopg.errors.CheckViolation):
        fresh.execute("update muse.sources set options = '[1]'")


def test_a_superuser_loads_into_no_schema_of_somebody_else(logins, fresh):
    fresh.execute("alter schema muse owner to stranger_login")
    with pytest.raises(connections.Problem, match="load as a login that is a member"):
        connections.connect_to_load()
    fresh.execute("alter schema muse owner to postgres")


def test_doctor_wants_plain_roles(logins, fresh):
    assert "ok    roles: muse_loader, muse_reader" in run("doctor").stdout
    fresh.execute("grant pg_read_server_files to muse_loader")
    try:
        assert "FAIL  roles" in run("doctor").stdout
    finally:
        fresh.execute("revoke pg_read_server_files from muse_loader")
