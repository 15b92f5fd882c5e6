"""names of items in an index, and labels of properties in other languages

Revision ID: 0033
Revises: 0032
"""

from alembic import op

revision = "0033"
down_revision = "0032"

# As in sql/034_wikidata_names.sql, which is applied later: the index needs it.
NAMES = r"""
create or replace function muse.names_text(
    title text, title_language text, labels jsonb, aliases jsonb
)
returns text
language sql immutable parallel safe
begin atomic
    select replace(
        case
            when names_text.labels ? names_text.title_language then ''
            else
                ' "' || replace(replace(names_text.title, '\', '\\'), '"', '\"') || '" '
        end
        || jsonb_path_query_array(names_text.labels, '$.*')::text
        || jsonb_path_query_array(names_text.aliases, '$.*[*]')::text,
        '"', 'ʘ'
    );
end;
create index wikidata_names on muse.wikidata using gin (
    muse.names_text(title, title_language, labels, aliases) public.gin_trgm_ops
);
"""

PROPERTIES = """
create table muse.wikidata_property_labels (
    property_id text collate "C",
    language text collate "C",
    label text not null,
    primary key (property_id, language)
);
create index wikidata_property_labels_label on muse.wikidata_property_labels (lower(label));
grant insert, update, delete on muse.wikidata_property_labels to muse_loader;
alter table muse_staging.wikidata_seen add column labels jsonb;
"""

# The functions get an argument for the language.
FUNCTIONS = """
create type muse.wikidata_match as (
    wikidata_id text collate "C", name text, language text, kind text, match text, similarity real,
    title text, description text, links integer
);
create type muse.wikidata_titled as (
    wikidata_id text collate "C", title text, is_translated boolean, description text,
    article text, wiki text
);
drop function if exists
muse.class_tree(text, integer, integer), muse.explain_class(text, text),
muse.class_properties(text, boolean, integer);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (NAMES, PROPERTIES, FUNCTIONS):
        raw.execute(statements)
