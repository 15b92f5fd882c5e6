"""icons, what is known of hieroglyphs, and the best brute-force grids

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = """
create table muse.icons (
    icon_id bigint generated always as identity primary key,
    source_id bigint not null references muse.sources,
    kind text not null check (kind in ('icon', 'hieroglyph')),
    icon_set text not null check (icon_set <> ''),
    licence text,
    family text not null,
    name text not null check (name <> ''),
    also text[] not null default '{}',
    codepoints integer[] not null default '{}',
    size integer not null check (size in (8, 32)),
    bitmap bit varying not null check (
        length(bitmap) = size * size and position(B'1' in bitmap) > 0
    ),
    unique (source_id, size, bitmap)
);
create index on muse.icons using gin (codepoints) where kind = 'hieroglyph';
comment on table muse.icons is
'One row a bitmap of a set at a size: select icon_set, name, icon_text(bitmap) from icons limit 3';
comment on column muse.icons.family is
'What variants of an icon have in common: the name up to its first hyphen, of a sign its number';
comment on column muse.icons.also is 'Other names of the same bitmap in this set';
comment on column muse.icons.codepoints is 'Characters of the font that look so; empty without one';
comment on column muse.icons.bitmap is
'size x size bits, row by row from the top left, 1 is ink';

create table muse.hieroglyph_signs (
    codepoint integer primary key check (codepoint > 0),
    code text not null check (code <> ''),
    meaning text,
    keywords text[] not null default '{}'
);
comment on table muse.hieroglyph_signs is
'One row a sign that has a code: select chr(codepoint), code, meaning from hieroglyph_signs';
comment on column muse.hieroglyph_signs.code is 'In Gardiner''s list and those that go on with it';

create table muse.grid_icons (
    grid integer not null check (grid in (4, 5)),
    label text not null,
    probability real not null check (probability between 0 and 1),
    bitmap bit varying not null check (length(bitmap) = grid * grid),
    model_id bigint not null references muse.models,
    primary key (grid, label)
);
comment on table muse.grid_icons is
'One row a label with its best brute-force grid: select label, probability from grid_icons';
comment on column muse.grid_icons.bitmap is 'grid x grid bits, without the border of the 5x5';

grant insert, update, delete on muse.icons, muse.hieroglyph_signs, muse.grid_icons to muse_loader;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)  # as it stands: alembic's own ways trip over : and %
