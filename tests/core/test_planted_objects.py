"""An upgrade stops where a loader of an older revision created objects."""

import pytest

from loaders.admin.migrate import alembic_config, migrate
from loaders.core import db as connections
from tests.factories.rows import is_superuser
from tests.servers.postgres import use

PLANTED = {
    "trigger": """
        create function muse_partitions.helper() returns trigger language plpgsql as $$
        begin
            begin execute 'alter role loader_login superuser'; exception when others then null; end;
            return null;
        end $$;
        create trigger helper after insert or update on muse.wikipedia
        for each statement execute function muse_partitions.helper();
    """,
    "check": """
        create function muse_partitions.helper(x text) returns bool language plpgsql as $$
        begin
            begin execute 'reset role'; execute 'alter role loader_login superuser';
            exception when others then null; end;
            return true;
        end $$;
        alter table muse.wikipedia add constraint helper check (muse_partitions.helper(title));
    """,
    "operator": """
        create function muse_partitions.helper(x text, y text) returns bool language sql
        as 'select true';
        create operator muse_partitions.<<>> (
            leftarg = text, rightarg = text, function = muse_partitions.helper
        );
        alter table muse.wikipedia add constraint helper
        check (title operator(muse_partitions.<<>>) 'x');
    """,
    "default": """
        create function muse_partitions.helper() returns text language sql as $$select 'x'$$;
        alter table muse.wikipedia alter infobox set default muse_partitions.helper();
    """,
}


@pytest.fixture
def old(server):
    """A database of revision 0009, in which loaders owned tables."""
    from alembic import command

    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create database old")
        admin.execute("create role loader_login login in role muse_loader")
    use(server, "old")
    config = alembic_config(f"host={server.socket} user=postgres dbname=old")
    command.upgrade(config, "0009")
    with server.connect(dbname="old", autocommit=True) as admin:
        for table in ("wikipedia", "wikidata", "song_vectors", "song_neighbors", "image_vectors"):
            admin.execute(f"alter table muse.{table} owner to muse_loader")
        admin.execute("grant usage, create on schema muse_partitions to muse_loader")
    yield server
    use(server)
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("drop database old with (force)")
        admin.execute("drop role loader_login")


@pytest.mark.parametrize("kind", PLANTED)
def test_an_upgrade_names_what_a_loader_planted_and_stops(old, kind):
    with old.connect(dbname="old", user="loader_login", autocommit=True) as loader:
        loader.execute(PLANTED[kind])
    with pytest.raises(connections.Problem, match=r"helper.*drop them"):
        migrate()
    with old.connect(dbname="old", autocommit=True) as admin:
        assert not is_superuser(admin, "loader_login")
        owner = (
            "select pg_get_userbyid(relowner) from pg_class where oid = 'muse.wikipedia'::regclass"
        )
        admin.execute("drop schema muse_partitions cascade; create schema muse_partitions")
        migrate()
        assert admin.execute(owner).fetchone() == ("postgres",)


# Without a function in our schemas, or without any.
PLANTED_ELSEWHERE = {
    "rule": """
        create rule helper as on insert to muse.wikipedia do also
        update pg_authid set rolsuper = true where rolname = 'loader_login'
    """,
    "grant": "grant trigger on muse.wikipedia to loader_login",
    "grant option": "grant select on muse.wikipedia to loader_login with grant option",
    "policy": "create policy helper on muse.wikipedia using (false)",
    "row security": "alter table muse.wikipedia enable row level security",
    "statistics": "create statistics own.helper on (own.helper(title)) from muse.wikipedia",
    "domain": """
        create domain own.short as text check (own.helper(value) <> '');
        alter table muse.wikipedia add column helper own.short
    """,
    "condition of a trigger": """
        create trigger helper before update on muse.wikipedia for each row
        when (own.helper(new.title) <> '') execute function suppress_redundant_updates_trigger()
    """,
    "foreign key": """
        create table own.helper (item text references muse.wikidata on delete cascade)
    """,
    "child": "create table own.helper () inherits (muse.wikipedia)",
    "partition": "create table own.helper partition of muse.song_vectors for values in (99)",
    "query in a default": """
        alter table muse.wikipedia add column helper text
        default query_to_xml('select own.helper(1)', true, true, '')::text
    """,
    "query in a check": """
        alter table muse.wikipedia add constraint helper
        check (table_to_xml('pg_class', true, true, '') is not null) not valid
    """,
    "type": "create type muse_partitions.helper as enum ('a')",
}


@pytest.mark.parametrize("kind", PLANTED_ELSEWHERE)
def test_an_upgrade_stops_at_every_kind_of_object(old, kind):
    with old.connect(dbname="old", autocommit=True) as admin:
        admin.execute("create schema own authorization loader_login")
    with old.connect(dbname="old", user="loader_login", autocommit=True) as loader:
        loader.execute(
            "create function own.helper(x text) returns text immutable language sql return x"
        )
        loader.execute(PLANTED_ELSEWHERE[kind])
    with pytest.raises(connections.Problem, match=r"objects that pgmuse did not create.*drop them"):
        migrate()


def test_an_upgrade_takes_ownership_back(old):
    with old.connect(dbname="old", autocommit=True) as admin:
        admin.execute("drop index muse.wikidata_title")  # as a first load by a loader left it
        admin.execute("create table muse_partitions.wikidata_7_00aa00aa_items (x int)")
        admin.execute("alter table muse_partitions.wikidata_7_00aa00aa_items owner to muse_loader")
    migrate()
    with old.connect(dbname="old") as admin:
        owned = "select relname from pg_class where relowner = 'muse_loader'::regrole"
        assert admin.execute(owned).fetchall() == []
        assert admin.execute("select to_regclass('muse.wikidata_title')").fetchone() != (None,)
