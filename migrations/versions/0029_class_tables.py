"""tables of the items of a class, for BI tools

Revision ID: 0029
Revises: 0028
"""

from alembic import op

revision = "0029"
down_revision = "0028"

# The tables themselves are in a schema of their own, so that no name of a later version is taken.
TABLES = """
create schema muse_tables;
comment on schema muse_tables is 'Tables of the items of a class: select * from muse.class_tables';

create table muse.class_tables (
    table_name text collate "C" primary key check (table_name ~ '^[a-z][a-z0-9_]{0,54}$'),
    class_id text collate "C" not null,
    class text not null,
    with_subclasses boolean not null,
    language text collate "C" not null,
    items bigint not null default 0,
    made_at timestamptz not null default now(),
    refreshed_at timestamptz not null default now(),
    changes bigint
);

create table muse.class_table_columns (
    table_name text collate "C" not null references muse.class_tables on delete cascade
        deferrable initially deferred,
    place integer not null,
    part integer not null,
    property_id text collate "C" not null check (property_id ~ '^P[1-9][0-9]*$'),
    kind text not null,
    column_name text not null,
    primary key (table_name, place, part)
);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)
