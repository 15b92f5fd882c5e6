-- Songs: what is there, and how to find a track by what one remembers of it.

create or replace view muse.songs as
select
    track.track_id,
    track.name,
    track.artist,
    track.album,
    track.duration_ms,
    track.places
from muse.tracks as track;

comment on view muse.songs is
'One row a track, with its places in playlists: select * from songs order by places desc limit 10';

create or replace view muse.playlist_tracks as
select
    playlist.playlist_id,
    track.place::integer,
    track.track_id
from muse.playlists as playlist
cross join lateral unnest(playlist.track_ids) with ordinality as track (track_id, place);

comment on view muse.playlist_tracks is
'One row a place of a playlist: select * from playlist_tracks where playlist_id = 1 order by place';

create or replace view muse.artists as
select
    track.artist,
    count(*) as tracks,
    sum(track.places)::bigint as places
from muse.tracks as track
where track.artist is not null
group by track.artist;

comment on view muse.artists is
'One row an artist by name: select * from artists order by places desc limit 10';

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
    (track.item ->> 'score')::real as score
from muse.samples as sample
cross join lateral jsonb_array_elements(sample.result) with ordinality as track (item, place)
where sample.kind = 'radio';

comment on view muse.radio_samples is
'One row a place of a stored song radio: select * from radio_samples order by sample_id, place';

-- find_songs ------------------------------------------------------------------------------
-- What is surest first: the name starts so, then all words stand in name or artist, then words
-- like them. Most played first in each. % and _ are letters like any other.

create or replace function muse.find_songs(query text, n integer default 7)
returns table (track_id text, name text, artist text, places bigint)
language plpgsql stable parallel safe rows 10
set pg_trgm.word_similarity_threshold = 0.5  -- noqa: PRS
set jit = off
as $$
#variable_conflict use_column
declare
    -- The expression of tracks.search.
    needle constant text := trim(regexp_replace(
        lower(normalize(find_songs.query, nfkd)), '[\u0300-\u036f''\u2018\u2019`]', '', 'g'
    ));
    literal constant text := regexp_replace(needle, '([\\%_])', '\\\1', 'g');
    words constant text[] := array(
        select '%' || word || '%'
        from regexp_split_to_table(literal, '\s+') as word
    );
begin
    perform muse.check_n(find_songs.n);
    if needle is null or needle = '' then
        raise exception 'query is empty: give a part of a name or an artist' using errcode = '22023';
    elsif length(needle) > 300 then
        raise exception 'query is longer than 300 characters' using errcode = '22023';
    end if;
    return query
    with starts as materialized (
        select track.track_id, 1 as tier
        from muse.tracks as track
        where track.search like literal || '%'
        order by track.places desc, track.track_id
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
            and needle !~ '[%_\\]'  -- likeness does not see them
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
