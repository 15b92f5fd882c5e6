"""Migrations: once, twice, concurrently, without Python, and uninstalled."""

import re
import subprocess
import sys

import psycopg
import pytest
from alembic import command
from psycopg.types.json import Jsonb

from loaders.admin.migrate import alembic_config, migrate, uninstall
from loaders.core.config import ROOT
from loaders.core.errors import Problem
from loaders.core.server.cluster import DATABASE
from loaders.wikidata import scopes
from loaders.wikidata.entities import EntityFilter
from tests.servers.postgres import use

FUNCTION = re.compile(
    r"^create or replace function (muse\.\w+)\(.*?^(?:end;|\$\$;)$", re.MULTILINE | re.DOTALL
)
OBJECTS = "select proname from pg_proc where pronamespace = 'muse'::regnamespace order by 1"


def search_path(server) -> str:
    with server.connect(dbname="empty") as conn:
        return conn.execute("show search_path").fetchone()[0]


def test_twice_is_once_and_other_settings_stay(empty, server):
    migrate()
    before = empty.execute(OBJECTS).fetchall()
    migrate()
    assert empty.execute(OBJECTS).fetchall() == before
    assert search_path(server) == 'app, "$user", muse'
    with server.connect(dbname="empty") as conn:
        assert conn.execute("show work_mem").fetchone() == ("5MB",)


def test_two_at_once_take_turns(empty):
    command = [sys.executable, "-m", "loaders", "migrate"]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    assert [migration.communicate()[1] for migration in both] == [b"", b""]
    assert empty.execute("select count(*) from muse.alembic_version").fetchone() == (1,)


def test_without_python_the_songs_are_there(empty):
    migrate(with_python=False)
    names = {name for (name,) in empty.execute(OBJECTS)}
    assert {"similar_songs", "song_radio", "find_songs", "recall"} <= names
    assert "model_cache" not in names
    assert empty.execute("select from pg_extension where extname = 'plpython3u'").rowcount == 0
    migrate()
    assert empty.execute("select * from muse.model_cache()").fetchall() == []


def test_without_python_every_view_works_and_no_function_can_only_fail(empty):
    migrate(with_python=False)
    views = "select viewname from pg_views where schemaname = 'muse'"
    names = {name for (name,) in empty.execute(views)}
    assert {"pictures", "icon_sets", "hieroglyphs", "icon_samples", "ink_samples"} <= names
    for name in names:
        empty.execute(f"select * from muse.{name} limit 1")
    functions = {name for (name,) in empty.execute(OBJECTS)}
    assert {"images_like", "similar_icons", "ink_layers"} <= functions
    assert not {"similar_images", "near_duplicates", "generate_icons", "deep_ink"} & functions
    sample = """
        insert into muse.samples (kind, parameters, result)
        values ('icons', '{}', '[{"bitmap": "0110"}]')
    """
    empty.execute(sample)
    row = empty.execute("select bitmap_text, picture, image from muse.icon_samples").fetchone()
    assert row[0] == "0110"
    assert row[1].startswith("data:image/svg+xml;base64,")
    assert row[2] == row[1]


def test_an_upgrade_keeps_what_items_were_loaded_with(empty, server, monkeypatch):
    """Filters of earlier loads get their languages and wikis from the options of their sources."""
    monkeypatch.setattr(scopes, "VERSION", 1)  # of the loader at that time
    monkeypatch.setattr(scopes, "_number", scopes._number.__wrapped__)
    config = alembic_config(f"host={server.socket} user=postgres dbname=empty")
    command.upgrade(config, "0010")
    empty.execute("insert into muse.wikidata (wikidata_id, kept_as) values ('Q1', 5)")
    options = '{"languages": ["nl", "en"], "sitelinks": ["nlwiki"]}'
    for topic, location, stored in (("wikidata", "a", options), ("wikidata", "b", "{}"), ("icons", "c", "{}")):  # fmt: skip
        query = "insert into muse.sources (topic, location, options) values (%s, %s, %s)"
        empty.execute(query, (topic, location, stored))
    migrate()
    sets = scopes.read_scopes(empty)
    assert set(sets.values()) == {
        scopes.Scope.of(EntityFilter(languages=("en", "nl"), sitelinks=("nlwiki",))),
        scopes.Scope.of(EntityFilter()),
    }
    assert all(expected.number == number for number, expected in sets.items())
    query = "select wikidata_id, kept_as, loaded_by from muse.wikidata"
    assert empty.execute(query).fetchall() == [("Q1", 5, [])]


def test_an_upgrade_forgets_secrets_of_addresses(empty, server):
    config = alembic_config(f"host={server.socket} user=postgres dbname=empty")
    command.upgrade(config, "0013")
    requests = ["https://a/x.json?token=s", "https://me:s@a/x.json", "https://a/x.json", "/a?b"]
    for number, source in enumerate(requests):
        empty.execute(
            "insert into muse.sources (topic, location, options) values ('wikidata', %s, %s)",
            (str(number), Jsonb({"limit": 5, "request": {"source": source}})),
        )
    migrate()
    rows = empty.execute("select options ? 'request' from muse.sources order by location")
    assert rows.fetchall() == [(False,), (False,), (True,), (True,)]


def test_uninstall_leaves_nothing_of_ours(empty, server):
    migrate()
    stays = uninstall()
    schemas = "select nspname from pg_namespace where nspname like 'muse%'"
    assert empty.execute(schemas).fetchall() == []
    assert search_path(server) == 'app, "$user"'
    assert stays == [
        "role muse_reader is kept: another database uses it",
        "role muse_loader is kept: another database uses it",
    ]


def test_uninstall_stops_at_what_others_built_on_ours(empty):
    migrate()
    empty.execute("create schema mine")
    empty.execute("create view mine.loved as select track_id from muse.tracks")
    empty.execute("create table mine.signs (bitmap muse.bitmap)")
    empty.execute("insert into mine.signs values (B'1')")
    with pytest.raises(Problem, match=r"column bitmap of table mine.signs; view mine.loved"):
        uninstall()
    assert empty.execute("select count(*) from mine.signs").fetchone() == (1,)
    assert empty.execute("select count(*) from muse.tracks").fetchone() == (0,)
    empty.execute("drop schema mine cascade")
    uninstall()


def test_a_failing_migration_changes_nothing(empty, monkeypatch):
    def broken(conn, *, with_python, cluster):
        conn.execute("create table muse.half (x int)")
        conn.execute("select 1/0")

    monkeypatch.setattr("migrations.apply.apply_sql", broken)
    with pytest.raises(Problem, match="nothing was changed: division by zero"):
        migrate()
    assert empty.execute("select from pg_namespace where nspname = 'muse'").rowcount == 0


def test_a_migration_lists_what_depends_and_never_cascades(empty, monkeypatch):
    def replace(conn, *, with_python, cluster):
        conn.execute("drop view muse.songs, muse.artists")

    migrate()
    empty.execute("create schema mine")
    empty.execute("create view mine.loved as select name from muse.songs")
    empty.execute("create view mine.stars as select artist from muse.artists")
    monkeypatch.setattr("migrations.apply.apply_sql", replace)
    with pytest.raises(Problem) as raised:
        migrate()
    assert str(raised.value) == (
        "migration stopped, nothing was changed: this version replaces objects that others need: "
        "view mine.loved depends on view songs; view mine.stars depends on view artists: "
        "drop those, migrate, and create them again"
    )
    assert empty.execute("select count(*) from mine.loved, mine.stars").fetchone() == (0,)


def test_an_upgrade_lists_what_depends_on_replaced_functions(empty, server):
    config = alembic_config(f"host={server.socket} user=postgres dbname=empty")
    command.upgrade(config, "0012")
    body = "returns text language sql immutable as 'select null::text'"
    empty.execute(f"create function muse.png_address(bytea) {body}")
    empty.execute("create view public.shown as select muse.png_address('') as picture")
    with pytest.raises(Problem, match=r"view (public\.)?shown depends on function png_address"):
        migrate()
    empty.execute("drop view public.shown")
    migrate()


def test_a_view_of_a_user_survives_columns_that_are_appended(empty, server):
    migrate()
    empty.execute("create view public.places as select * from muse.playlist_tracks")
    migrate()
    columns = "select count(*) from information_schema.columns where table_name = 'places'"
    assert empty.execute(columns).fetchone() == (6,)


def test_the_same_comments_wait_for_no_vacuum(empty, server):
    """Vacuum, analyze and index builds of a table take this lock; `comment on` waits for it."""
    migrate()
    empty.execute("comment on column muse.playlists.title is 'Another'")
    empty.execute("comment on table muse.tracks is 'Another'")
    migrate()
    about = "select obj_description('muse.tracks'::regclass), col_description(oid, 4) from pg_class"
    row = empty.execute(f"{about} where oid = 'muse.playlists'::regclass").fetchone()
    assert row[0].startswith("One row per track")
    assert row[1] == "Title of the playlist"
    with server.connect(dbname="empty") as vacuum:
        vacuum.execute("lock table muse.playlists in share update exclusive mode")
        vacuum.execute("lock table muse.tracks in share update exclusive mode")
        migrate()


def test_no_file_of_the_schema_cascades():
    for path in [*(ROOT / "sql").glob("*.sql"), *(ROOT / "migrations").rglob("*.py")]:
        assert "cascade" not in path.read_text().lower().replace("on delete cascade", ""), path


def test_columns_are_computed_by_the_functions_that_queries_call():
    """A generated column keeps values of the function that its revision defines."""
    functions = {
        match[1]: match[0]
        for path in (ROOT / "sql").glob("*.sql")
        for match in FUNCTION.finditer(path.read_text())
    }
    defined = {
        match[1]: match[0]
        for path in sorted((ROOT / "migrations" / "versions").glob("*.py"))
        for match in FUNCTION.finditer(path.read_text())
    }
    assert "muse.work_key" in defined
    assert {name: functions.get(name) for name in defined} == defined


def test_a_superuser_runs_nothing_in_the_schema_of_somebody_else(empty, server):
    """A role that may create schemas could create a trigger on alembic's table."""
    with server.connect(dbname="empty", autocommit=True) as admin:
        admin.execute("create role early login")
        try:
            admin.execute("create schema muse authorization early")
            with pytest.raises(Problem, match="belongs to early, who is no superuser"):
                migrate()
            admin.execute("drop schema muse")
            migrate()
        finally:
            admin.execute("drop owned by early")
            admin.execute("drop role early")


def test_an_extension_in_another_schema_is_told(empty):
    empty.execute("create schema extensions")
    empty.execute("create extension vector schema extensions")
    with pytest.raises(Problem, match="alter extension vector set schema public"):
        migrate()


def test_a_database_of_another_encoding_is_told(empty, server):
    empty.execute("create database latin encoding latin1 locale 'C' template template0")
    use(server, "latin")
    try:
        with pytest.raises(Problem, match="encoding is not UTF8"):
            migrate()
    finally:
        use(server, "empty")
        empty.execute("drop database latin with (force)")


def test_the_embedded_database_is_not_touched_by_others(server):
    with server.connect(dbname=DATABASE) as conn:
        assert conn.execute("select count(*) from muse.models").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError):
        server.connect(dbname="empty")
