"""arguments with bounds, and one collation for find_songs

Revision ID: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"

# PL/Python converts an argument before the function can look at it. A domain is checked before
# that. Its bounds are wide: the functions themselves name the exact ones. octet_length() does not
# read a stored value; array_send() writes an array as bytes, whatever its compression.
DOMAINS = """
create domain muse.bitmap as bit varying
constraint at_most_65536_bits check (length(value) <= 65536);
comment on domain muse.bitmap is 'Bits, row by row from the top left, 1 is ink; 65,536 at most';

create domain muse.bitmaps as bit varying[]
constraint at_most_10000_bitmaps check (cardinality(value) <= 10000)
constraint at_most_4_mb check (
    case when cardinality(value) <= 10000 then octet_length(array_send(value)) <= 4194304 end
);
comment on domain muse.bitmaps is 'Up to 10,000 bitmaps of 4 MB in all';

create domain muse.picture as bytea
constraint at_most_32_mb check (octet_length(value) <= 33554432);
comment on domain muse.picture is 'The bytes of a picture file, 32 MB at most';

create domain muse.short_text as text
constraint at_most_10000_bytes check (octet_length(value) <= 10000);
comment on domain muse.short_text is 'Text of 10,000 bytes at most';

create domain muse.short_texts as text[]
constraint at_most_10000_texts check (cardinality(value) <= 10000)
constraint at_most_4_mb check (
    case when cardinality(value) <= 10000 then octet_length(array_send(value)) <= 4194304 end
);
comment on domain muse.short_texts is 'Up to 10,000 texts of 4 MB in all';

create domain muse.short_integers as integer[]
constraint at_most_20000_integers check (cardinality(value) <= 20000);
comment on domain muse.short_integers is 'Up to 20,000 integers';

create domain muse.short_reals as real[]
constraint at_most_20000_reals check (cardinality(value) <= 20000);
comment on domain muse.short_reals is 'Up to 20,000 reals';
"""

# What has other argument types from now on, and our views over it. sql/ creates both again.
REPLACED = """
do $$
declare
    statement text;
    detail text;
    dependents text := '';
begin
    foreach statement in array array[
        'view if exists muse.icon_samples',
        'view if exists muse.hieroglyph_samples',
        'function if exists muse.classify_image(bytea, integer)',
        'function if exists muse.embed_image(bytea)',
        'function if exists muse.image_features(bytea, bigint)',
        'function if exists muse.image_hash(bytea)',
        'function if exists muse.icon_text(bit varying, text)',
        'function if exists muse.icon_png(bit varying, integer, text, text)',
        'function if exists muse.icon_tokens(bit varying, text)',
        'function if exists muse.icon_bitmap(integer[], integer, text)',
        'function if exists muse.png_address(bytea)',
        'function if exists muse.icon_poster(bit varying[], integer, integer, bigint)',
        'function if exists muse.hieroglyph_stela(bit varying[], integer, integer, integer, '
        'bigint)',
        'function if exists muse.icon_sheet(bit varying[], text[], text[], integer)',
        'function if exists muse.drawn_bitmaps(text, integer, double precision, bigint)',
        'function if exists muse.icon_nlls(bit varying[], text)',
        'function if exists muse.grid_label(bit varying, integer)',
        'function if exists muse.deep_ink(text, integer, text, integer, integer, integer, '
        'real, real, boolean, bit varying, real, bigint, integer, integer, boolean, integer[], '
        'real[])',
        'function if exists muse.deep_ink_gif(text, integer, text, integer, integer, integer, '
        'real, real, boolean, bit varying, real, bigint, integer, integer, boolean, integer[], '
        'real[], '
        'integer, boolean)',
        'column'
    ]
    loop
        begin
            if statement = 'column' then
                alter table muse.tracks drop column search;
            else
                execute 'drop ' || statement;
            end if;
        exception when dependent_objects_still_exist then
            get stacked diagnostics detail = pg_exception_detail;
            dependents := dependents || detail || E'\\n';
        end;
    end loop;
    dependents := (
        select string_agg(distinct line, E'\\n' order by line)
        from regexp_split_to_table(dependents, E'\\n') as line
        where line <> '' and line !~ '^view (icon|hieroglyph)_samples '
    );
    if dependents <> '' then
        raise exception 'objects of yours depend on functions whose arguments change, or on '
            'tracks.search: drop them, migrate, and create them again'
        using errcode = '2BP01', detail = dependents;
    end if;
end
$$;
"""

# One way to fold case, whatever the database's locale: in Turkish the lower case of I is no i.
FOLDING = """
do $$
begin
    create collation muse.folding (provider = icu, locale = 'und');
exception when feature_not_supported then
    raise warning 'this server has no ICU: find_songs folds the case of ASCII letters only';
    create collation muse.folding from pg_catalog."C";
end
$$;
comment on collation muse.folding is 'How find_songs folds case: Unicode, without a language';

-- The same function makes the column and what find_songs looks for. sql/ has it too.
create function muse.search_text(words text)
returns text
language sql immutable parallel safe
begin atomic
    select regexp_replace(
        lower(normalize(left(search_text.words, 10000), nfkd) collate muse.folding),
        '[\\u0300-\\u036f''\\u2018\\u2019`]', '', 'g'
    );
end;

alter table muse.tracks add column search text not null generated always as (
    muse.search_text(coalesce(name, '') || ' ' || coalesce(artist, ''))
) stored;
create index tracks_words on muse.tracks using gin (search public.gin_trgm_ops);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (DOMAINS, REPLACED, FOLDING):  # as they stand: alembic trips over : and %
        raw.execute(statements)
