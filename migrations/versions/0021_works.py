"""works: one key for the versions of a song; search text without punctuation

Revision ID: 0021
Revises: 0020
"""

from alembic import op

revision = "0021"
down_revision = "0020"

# The columns and indexes of the functions that change. A view or function of the user's that reads
# tracks.search makes this fail, and names itself.
DROPPED = """
drop index muse.tracks_spelling;
alter table muse.tracks drop column search;
"""
# sql/ has these functions and describes them.
SEARCH = r"""
create or replace function muse.lower_case(words text)
returns text
language sql immutable parallel safe
begin atomic
    select
        lower(
            normalize(replace(left(lower_case.words, 10000), '&', 'and'), nfkd)
            collate muse.folding
        ) collate pg_catalog."default";
end;

create or replace function muse.without_punctuation(words text)
returns text
language sql immutable parallel safe
begin atomic
    select
        regexp_replace(
            left(without_punctuation.words, 10000),
            ' [][!"''()*,./:;<>?^`{|}~\u0080-\u00a1\u00a7-\u00a9\u00ab-\u00af\u00b4\u00b6-\u00b8'
            '\u00bb\u00bf\u02b0-\u036f\u2000-\u206f\u2212\u2e00-\u2e7f\u3000-\u3003\u3008-\u3011'
            '\u3014-\u301f\u30fb\ufe00-\ufe0f-]+(?= )'
            '|[][!"''()*,./:;<>?^`{|}~\u0080-\u00a1\u00a7-\u00a9\u00ab-\u00af\u00b4\u00b6-\u00b8'
            '\u00bb\u00bf\u02b0-\u036f\u2000-\u206f\u2212\u2e00-\u2e7f\u3000-\u3003\u3008-\u3011'
            '\u3014-\u301f\u30fb\ufe00-\ufe0f-]+',
            '', 'g'
        );
end;

create or replace function muse.latin_letters(words text)
returns text
language sql immutable parallel safe
begin atomic
    select
        replace(replace(replace(replace(
            translate(left(latin_letters.words, 10000), 'łøđðıħŧ', 'loddiht'), 'ß', 'ss'
        ), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
end;

create or replace function muse.search_text(words text)
returns text
language sql immutable parallel safe
begin atomic
    select
        coalesce(nullif(btrim(case
            when
                octet_length(left(search_text.words, 10000))
                = length(left(search_text.words, 10000))
                then regexp_replace(
                    lower(replace(left(search_text.words, 10000), '&', 'and') collate "C")
                    collate pg_catalog."default",
                    ' [][!"''()*,./:;<>?^`{|}~-]+(?= )|[][!"''()*,./:;<>?^`{|}~-]+', '', 'g'
                )
            when left(search_text.words, 10000) ~ '[łŁøØđĐßẞæÆœŒþÞðÐıħĦŧŦ]'
                then muse.without_punctuation(muse.latin_letters(
                    muse.lower_case(search_text.words)
                ))
            else muse.without_punctuation(muse.lower_case(search_text.words))
        end), ''), btrim(muse.lower_case(search_text.words)));
end;

create or replace function muse.spelling(words text)
returns text
language sql immutable parallel safe
begin atomic
    select left(replace(muse.search_text(spelling.words), ' ', ''), 200);
end;
"""
WORKS = r"""
create or replace function muse.plain_title(title text)
returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    kept text := plain_title.title;
    tail text := '';
    piece text;
    part text;
    words text[];
    is_version boolean := false;
begin
    if octet_length(plain_title.title) > 10000 then
        raise exception 'title is longer than 10000 bytes' using errcode = '22023';
    end if;
    if kept ~ '\s(?:feat|ft|featuring)[.\s]' then
        kept := regexp_replace(
            kept,
            '(?<!\d)\s+(?:feat\.|ft\.|featuring\s|(?:feat|ft)\s(?!of\M))[^][()]*?'
            '(?=\s*[[(]|\s[-–—]\s|$)',
            ''
        );
    end if;
    -- From the end, each part in brackets or after a dash or a slash.
    for round in 1 .. 6 loop
        piece := substring(kept from '\s*[[(][^][()]*[])]\s*$');
        if piece is null then
            piece := substring(kept from '\s+[-–—/]\s+[^][()]*$');
            piece := coalesce(substring(piece from '^.*(\s+[-–—/]\s+.*)$'), piece);
        end if;
        exit when piece is null or length(piece) >= length(kept);
        kept := left(kept, -length(piece));
        part := btrim(piece, ' []()-–—/');
        words := string_to_array(
            regexp_replace(
                part, '[\s0-9.,:;&''"’“”+/-]+(?:(?:st|nd|rd|th)\M)?', ' ', 'g'
            ), ' '
        );
        -- The words of the name of a version; at least one must be of the first list.
        is_version := is_version and part ~ '^\d{4}$'
            or words && '{remaster,remastered,remasters,remastering,remasterizado,remasterizada,'
            'remasterise,remasterisé,remasterisée,remasterizzato,rimasterizzato,rimasterizzata,'
            'version,versión,versão,versione,versie,mono,stereo,edit,mix,explicit,clean,edition,'
            'single,original,originale,album,bonus,deluxe,audio,video,videoclip,clip,lyric,lyrics,'
            'visualizer,visualiser,hd,hq,4k,rerecorded,soundtrack}'::text[]
            and words <@ '{remaster,remastered,remasters,remastering,remasterizado,remasterizada,'
            'remasterise,remasterisé,remasterisée,remasterizzato,rimasterizzato,rimasterizzata,'
            'version,versión,versão,versione,versie,mono,stereo,edit,mix,explicit,clean,edition,'
            'single,original,originale,album,bonus,deluxe,audio,video,videoclip,clip,lyric,lyrics,'
            'visualizer,visualiser,hd,hq,4k,rerecorded,soundtrack,"",re,digital,digitally,radio,lp,'
            'ep,cd,full,long,short,extended,inch,anniversary,track,official,oficial,offizielles,'
            'officiel,music,musical,standard,special,expanded,us,uk,in,main,motion,picture,film,'
            'movie,taylor,taylors,s,master}'::text[];
        continue when is_version
            or part ~ '^(?:feat|ft|featuring|prod|w/)[.\s]'
            or part ~ '^with\s' and part !~ ('^with\s+(?:you|u|me|us|my|your|the|a|an|him|her|it|'
                'them|no|this|that|love|or)\M')
            or part ~ '^from\s(?:["“”''‘]|.*(?:soundtrack|picture|film|movie))';
        tail := piece || tail;
    end loop;
    return coalesce(nullif(btrim(kept || tail), ''), plain_title.title);
end
$$;

create or replace function muse.title_of_work(title text)
returns text
language sql immutable parallel safe
begin atomic
    select
        muse.plain_title(
            lower(
                translate(left(title_of_work.title, 1000), '（）［］【】', '()[]()')
                collate muse.folding
            )
            collate pg_catalog."default"
        );
end;

create or replace function muse.artist_of_work(artist text)
returns text
language sql immutable parallel safe
begin atomic
    select
        case
            when
                muse.spelling(left(artist_of_work.artist, 1000))
                in ('unknown', 'unknownartist', 'various', 'variousartists', 'va')
                then null
            else coalesce(nullif(regexp_replace(
                lower(left(artist_of_work.artist, 1000) collate muse.folding)
                collate pg_catalog."default",
                '^\s*(?:the\s+(?=\S))?'
                '|\s+-\s+topic\s*$|(?<=\S)vevo\s*$'
                '|(?:\s*[,;]|\s(?:feat|ft|featuring|with|vs|x|and|&|\+|/)[.\s]).*$',
                '', 'g'
            ), ''), left(artist_of_work.artist, 1000))
        end;
end;

create or replace function muse.work_key(track_id text, name text, artist text)
returns text
language sql immutable parallel safe
begin atomic
    select
        coalesce(
            nullif(case
                when split_part(left(work_key.artist, 1000), ',', 1) ~ (
                    '[;&+/]|^\W*(?:[Tt][Hh][Ee]\s|[Uu]nknown|[Vv]arious|[Vv]\.?[Aa]|$)'
                    '|\s(?:[fF](?:[eE][aA])?[tT]|[wW]ith|[vV]s|[xX]|[aA]nd)[.\s]'
                    '|\s-\s+[tT]opic\s*$|V(?:EVO|evo)\s*$'
                ) then muse.spelling(muse.artist_of_work(work_key.artist))
                else muse.spelling(split_part(left(work_key.artist, 1000), ',', 1))
            end, '')
            || ' - '
            || nullif(case
                when left(work_key.name, 1000) ~ '[[(（［【]|\s[-–—/]\s|[fF](?:ea)?[tT]'
                    then muse.spelling(muse.title_of_work(work_key.name))
                else muse.spelling(work_key.name)
            end, ''),
            work_key.track_id
        );
end;
"""
COLUMNS = """
alter table muse.tracks
add column search text not null generated always as (
    muse.search_text(coalesce(name, '')) || ' ' || muse.search_text(coalesce(artist, ''))
) stored,
add column work text collate "C" not null generated always as (
    muse.work_key(track_id, name, artist)
) stored;

create index tracks_words on muse.tracks using gin (search public.gin_trgm_ops);
create index tracks_work on muse.tracks (work);
create index tracks_spelling on muse.tracks (
    muse.spelling(coalesce(artist, '')), muse.spelling(coalesce(name, ''))
);
"""
# Artists without an id are named by their spelling, which now keeps symbols.
ARTISTS = """
create temporary table spelled on commit drop as
select
    vectors.model_id,
    vectors.artist_id as old_id,
    'name:' || muse.spelling(vectors.artist) as new_id
from muse.artist_vectors as vectors
where starts_with(vectors.artist_id, 'name:') and vectors.artist is not null;
delete from spelled
where old_id = new_id or exists (
    select from muse.artist_vectors as same
    where same.model_id = spelled.model_id and same.artist_id = spelled.new_id
) or exists (
    select from spelled as other
    where
        other.model_id = spelled.model_id
        and other.new_id = spelled.new_id
        and other.old_id < spelled.old_id
);
update muse.artist_vectors as vectors set artist_id = spelled.new_id
from spelled
where spelled.model_id = vectors.model_id and spelled.old_id = vectors.artist_id;
update muse.artist_neighbors as neighbor set artist_id = spelled.new_id
from spelled
where spelled.model_id = neighbor.model_id and spelled.old_id = neighbor.artist_id;
update muse.artist_neighbors as neighbor set neighbor_id = spelled.new_id
from spelled
where spelled.model_id = neighbor.model_id and spelled.old_id = neighbor.neighbor_id;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (DROPPED, SEARCH, WORKS, COLUMNS, ARTISTS):  # alembic trips over : and %
        raw.execute(statements)
