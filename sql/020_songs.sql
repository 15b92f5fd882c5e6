-- Songs: views of tracks and playlists, and text search for tracks.

create or replace view muse.songs as
select
    track.track_id,
    track.name,
    track.artist,
    track.album,
    track.duration_ms,
    track.places,
    track.work
from muse.tracks as track;

comment on view muse.songs is
'One row per track, with its places: select * from songs order by places desc limit 10';
comment on column muse.songs.track_id is 'Id of the track (key, references tracks.track_id)';
comment on column muse.songs.name is 'Title of the track; null if unknown';
comment on column muse.songs.artist is 'Name of the artist; null if unknown';
comment on column muse.songs.album is 'Name of the album; null if unknown';
comment on column muse.songs.duration_ms is 'Duration in milliseconds; null if unknown';
comment on column muse.songs.places is 'Number of places in playlists at which the track stands';
comment on column muse.songs.work is
'Key that all versions of a song share (references works.work where there are several)';

create or replace view muse.playlist_tracks as
select
    playlist.playlist_id,
    track.place::integer,
    track.track_id,
    playlist.title as playlist_title,
    song.name,
    song.artist
from muse.playlists as playlist
cross join lateral unnest(playlist.track_ids) with ordinality as track (track_id, place)
left join muse.tracks as song on track.track_id = song.track_id;

comment on view muse.playlist_tracks is
'One row per place of a playlist: select place, name, artist from playlist_tracks limit 9';
comment on column muse.playlist_tracks.playlist_id is
'Id of the playlist (part of the key, references playlists.playlist_id)';
comment on column muse.playlist_tracks.place is
'Position in the playlist, from 1 (part of the key)';
comment on column muse.playlist_tracks.track_id is 'Id of the track (references tracks.track_id)';
comment on column muse.playlist_tracks.playlist_title is 'Title of the playlist';
comment on column muse.playlist_tracks.name is 'Title of the track; null if unknown';
comment on column muse.playlist_tracks.artist is 'Name of the artist; null if unknown';

create or replace view muse.artists as
select
    track.artist,
    count(*) as tracks,
    sum(track.places)::bigint as places
from muse.tracks as track
where track.artist is not null
group by track.artist;

comment on view muse.artists is
'One row per artist by name: select * from artists order by places desc limit 10';
comment on column muse.artists.artist is 'Name of the artist (key)';
comment on column muse.artists.tracks is 'Number of tracks';
comment on column muse.artists.places is
'Number of places in playlists at which tracks of the artist stand';

create or replace view muse.radio_samples as
select
    sample.sample_id,
    sample.made_at,
    sample.model_id,
    sample.parameters -> 'seeds' as seeds,
    track.place::integer,
    track.item ->> 'track_id' as track_id,
    track.item ->> 'name' as name,
    track.item ->> 'artist' as artist,
    (track.item ->> 'score')::real as score,
    (
        select string_agg(seed.track_id, '; ' order by seed.place)
        from
            jsonb_array_elements_text(sample.parameters -> 'seeds')
            with ordinality as seed (track_id, place)
    ) as seeds_text
from muse.samples as sample
cross join lateral jsonb_array_elements(sample.result) with ordinality as track (item, place)
where sample.kind = 'radio';

comment on view muse.radio_samples is
'One row per place of a stored song radio: select * from radio_samples order by sample_id, place';
comment on column muse.radio_samples.sample_id is
'Id of the sample (part of the key, references samples.sample_id)';
comment on column muse.radio_samples.made_at is 'Time at which the sample was stored';
comment on column muse.radio_samples.model_id is 'Id of the model (references models.model_id)';
comment on column muse.radio_samples.seeds is
'Ids of the tracks that the radio started from, a JSON array';
comment on column muse.radio_samples.place is 'Position in the radio, from 1 (part of the key)';
comment on column muse.radio_samples.track_id is 'Id of the track (references tracks.track_id)';
comment on column muse.radio_samples.name is 'Title of the track when the sample was stored';
comment on column muse.radio_samples.artist is 'Name of the artist when the sample was stored';
comment on column muse.radio_samples.score is
'Similarity to the seeds and the tracks before; only its order has a meaning';
comment on column muse.radio_samples.seeds_text is 'The seeds as text, separated by a semicolon';

-- find_songs ------------------------------------------------------------------------------

-- The columns tracks.search and work, and the index tracks_spelling, are built with these
-- functions: a revision that changes one must rebuild them. The ranges do not depend on a locale.
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

comment on function muse.lower_case(text) is
'Text in lower case, its accents as characters of their own: select lower_case(''BEYONCÉ & me'')';

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

comment on function muse.without_punctuation(text) is
'Text without punctuation and accents of lower_case(): select without_punctuation(''ac/dc - tnt'')';

create or replace function muse.latin_letters(words text)
returns text
language sql immutable parallel safe
begin atomic
    select
        replace(replace(replace(replace(
            translate(left(latin_letters.words, 10000), 'łøđðıħŧ', 'loddiht'), 'ß', 'ss'
        ), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
end;

comment on function muse.latin_letters(text) is
'Lower-case text with ASCII for letters without accents: select latin_letters(''łódź, straße'')';

-- ASCII takes a shorter way. Symbols such as + and # stay, and names of punctuation alone.
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

comment on function muse.search_text(text) is
'Text as find_songs compares it, without case, accents, punctuation: select search_text(''AC/DC'')';

create or replace function muse.spelling(words text)
returns text
language sql immutable parallel safe
begin atomic
    select left(replace(muse.search_text(spelling.words), ' ', ''), 200);
end;

comment on function muse.spelling(text) is
'Text as search_text() without blanks, at most 200 letters: select spelling(''AC/DC Live'')';

-- Tiers: titles that are equal first, then prefix matches, then tracks that contain all words, then
-- similar words; the most played tracks first in each tier. % and _ are ordinary characters.

create or replace function muse.find_songs(query text, n integer default 7)
returns table (track_id text, name text, artist text, places bigint)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set pg_trgm.word_similarity_threshold = 0.5  -- noqa: PRS
set jit = off
as $$
#variable_conflict use_column
declare
    needle text;
    literal text;
    words text[];
begin
    perform muse.check_n(find_songs.n);
    perform muse.check_length(find_songs.query, 'query', 10000);
    needle := trim(muse.search_text(find_songs.query));
    literal := regexp_replace(needle, '([\\%_])', '\\\1', 'g');
    words := array(
        select '%' || word || '%'
        from regexp_split_to_table(literal, '\s+') as word
    );
    if needle is null or needle = '' then
        raise exception 'query is empty: give a part of a name or an artist' using errcode = '22023';
    elsif length(needle) > 300 then
        raise exception 'query is longer than 300 characters' using errcode = '22023';
    end if;
    return query
    with starts as materialized (
        select
            track.track_id,
            case
                when track.search not like literal || ' %' then 1
                when muse.search_text(track.name) = needle then 0
                else 1
            end as tier
        from muse.tracks as track
        where track.search like literal || '%'
        order by tier, track.places desc, track.track_id
        limit find_songs.n
    ),

    holds as materialized (
        select track.track_id, 2 as tier
        from muse.tracks as track
        where
            (select count(*) from starts) < find_songs.n
            and track.search like all (words)
            and not track.search like literal || '%'
        order by track.places desc, track.track_id
        limit find_songs.n
    ),

    alike as materialized (
        select track.track_id, 3 as tier
        from muse.tracks as track
        where
            (select count(*) from starts) + (select count(*) from holds) < find_songs.n
            and needle !~ '[%_\\]'  -- trigrams ignore these characters
            and needle operator(public.<%) track.search
            and not track.search like all (words)
        order by
            public.word_similarity(needle, track.search) desc, track.places desc, track.track_id
        limit find_songs.n
    )

    select track.track_id, track.name, track.artist, track.places
    from (table starts union all table holds union all table alike) as found
    inner join muse.tracks as track on found.track_id = track.track_id
    order by found.tier, track.places desc, track.track_id
    limit find_songs.n;
end
$$;

comment on function muse.find_songs(text, integer) is
'Tracks by a part of their name or artist, most played first: select * from find_songs(''say my'')';
