-- Tracks and artists by their names, for the arguments of song search.

-- tracks_named ----------------------------------------------------------------------------
-- A title may contain a dash too, so every dash is tried. `title - artist` counts only where no
-- track fits as `artist - title`. In plpgsql, so that each look-up uses the index tracks_spelling.

create or replace function muse.tracks_named(words text)
returns setof text
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    parts text[];
    one text;
    other text;
    fitting text[] := '{}';
begin
    perform muse.check_length(tracks_named.words, 'words', 10000);
    parts := regexp_split_to_array(tracks_named.words, '\s+[-\u2010-\u2015\u2212]+\s+');
    if cardinality(parts) = 1 then
        parts := regexp_split_to_array(tracks_named.words, '[-\u2010-\u2015\u2212]+');
    end if;
    for swapped in 0 .. 1 loop
        for dash in 1 .. least(cardinality(parts) - 1, 9) loop
            one := muse.spelling(array_to_string(parts[:dash], ' '));
            other := muse.spelling(array_to_string(parts[dash + 1:], ' '));
            continue when one = '' or other = '';
            fitting := fitting || array(
                select track.track_id from muse.tracks as track
                where
                    muse.spelling(coalesce(track.artist, ''))
                    = case swapped when 0 then one else other end
                    and muse.spelling(coalesce(track.name, ''))
                    = case swapped when 0 then other else one end
            );
        end loop;
        exit when fitting <> '{}';
    end loop;
    if fitting = '{}' then  -- tracks without an artist
        one := muse.spelling(tracks_named.words);
        fitting := array(
            select track.track_id from muse.tracks as track
            where
                muse.spelling(coalesce(track.artist, '')) = ''
                and muse.spelling(coalesce(track.name, '')) = one
                and one <> ''
        );
    end if;
    return query select distinct fits from unnest(fitting) as fits;
end
$$;

comment on function muse.tracks_named(text) is
'Ids of tracks by artist - title in any spelling: select tracks_named(''Lonestar – AMAZED'')';

-- one_track -------------------------------------------------------------------------------

create or replace function muse.one_track(words text)
returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    fitting text[];
begin
    perform muse.check_length(one_track.words, 'a track', 10000);
    if exists (select from muse.tracks as track where track.track_id = one_track.words) then
        return one_track.words;
    end if;
    fitting := array(
        select track.track_id
        from muse.tracks_named(one_track.words) as named (track_id)
        inner join muse.tracks as track on named.track_id = track.track_id
        order by track.places desc, track.track_id
    );
    if cardinality(fitting) > 1 then
        raise exception '% tracks fit %, give the id of one: %',
            cardinality(fitting),
            left(one_track.words, 300),
            (
                select string_agg(
                    format(
                        '%s (%s, %s places)',
                        track.track_id,
                        left(concat_ws(' - ', track.artist, track.name), 100),
                        track.places
                    ),
                    ', ' order by track.places desc, track.track_id
                )
                from muse.tracks as track
                where track.track_id = any(fitting[:10])
            ) || case when cardinality(fitting) > 10 then ', ...' else '' end
        using errcode = '22023', hint = format('the most played is %s', fitting[1]);
    end if;
    return fitting[1];
end
$$;

comment on function muse.one_track(text) is
'Id of a track by id or artist - title, null if unknown: select one_track(''Lonestar – AMAZED'')';

-- seed_tracks -----------------------------------------------------------------------------

create or replace function muse.seed_tracks(seeds text[], name text default 'seeds')
returns text[]
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    perform muse.check_elements(seed_tracks.seeds, seed_tracks.name, 1000);
    return array(
        select coalesce(track.track_id, muse.one_track(seed.words), seed.words)
        from unnest(seed_tracks.seeds) with ordinality as seed (words, place)
        left join muse.tracks as track on seed.words = track.track_id
        order by seed.place
    );
end
$$;

comment on function muse.seed_tracks(text[], text) is
'Ids of seeds by id or artist - title, unknown ones as they are: select seed_tracks(array[''Lonestar – AMAZED''])';  -- noqa: LT05

-- artists ---------------------------------------------------------------------------------
-- An artist is its id in the source. Tracks that have only the name belong to the ids of that
-- spelling; where there are none, the artist is 'name:' and the spelling.

create or replace function muse.artists_named(artist text)
returns table (artist_id text, name text, places bigint, is_exact boolean)
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    spelled constant text := muse.spelling(regexp_replace(left(artists_named.artist, 10000), '^name:', ''));
begin
    perform muse.check_length(artists_named.artist, 'artist', 10000);
    return query
    with fitting as (
        select track.artist_id, track.artist, track.places
        from muse.tracks as track
        where track.artist_id = artists_named.artist
        union all
        select track.artist_id, track.artist, track.places
        from muse.tracks as track
        where
            muse.spelling(coalesce(track.artist, '')) = spelled
            and spelled <> ''
            and track.artist_id is distinct from artists_named.artist
    )

    select
        coalesce(fitting.artist_id, 'name:' || spelled) as artist_id,
        (array_agg(fitting.artist order by fitting.places desc, fitting.artist))[1],
        sum(fitting.places)::bigint,
        coalesce(fitting.artist_id, 'name:' || spelled) = artists_named.artist
        or coalesce(bool_or(fitting.artist = artists_named.artist), false)
    from fitting
    where
        fitting.artist_id is not null
        or not exists (select from fitting as other where other.artist_id is not null)
    group by fitting.artist_id;
end
$$;

comment on function muse.artists_named(text) is
'Artists by id or by name in any spelling: select * from artists_named(''destinys child'')';

create or replace function muse.one_artist(artist text)
returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    ids text[];
    lines text[];
begin
    select
        array_agg(fits.artist_id order by fits.places desc, fits.artist_id),
        array_agg(
            format(
                '%s (%s, %s places)', fits.artist_id, coalesce(left(fits.name, 100), '-'), fits.places
            )
            order by fits.places desc, fits.artist_id
        )
    into ids, lines
    from (
        select
            named.*,
            rank() over (
                order by (named.artist_id = one_artist.artist) desc, named.is_exact desc
            ) as rank
        from muse.artists_named(one_artist.artist) as named
    ) as fits
    where fits.rank = 1;
    if cardinality(ids) > 1 then
        raise exception '% artists fit %, give the id of one: %',
            cardinality(ids),
            left(one_artist.artist, 300),
            array_to_string(lines[:10], ', ')
            || case when cardinality(ids) > 10 then ', ...' else '' end
        using errcode = '22023', hint = format('the most played is %s', ids[1]);
    end if;
    return ids[1];
end
$$;

comment on function muse.one_artist(text) is
'Id of an artist by id or name, null if unknown: select one_artist(''destinys child'')';

create or replace function muse.artist_tracks(artist_id text)
returns table (track_id text, places bigint)
language plpgsql stable parallel safe rows 20
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    spellings text[];
begin
    perform muse.check_length(artist_tracks.artist_id, 'artist_id', 10000);
    spellings := case
        when starts_with(artist_tracks.artist_id, 'name:')
            then array[muse.spelling(substr(artist_tracks.artist_id, 6))]
        else array(
            select distinct muse.spelling(track.artist)
            from muse.tracks as track
            where track.artist_id = artist_tracks.artist_id and track.artist is not null
        )
    end;
    return query
    select track.track_id, track.places
    from muse.tracks as track
    where track.artist_id = artist_tracks.artist_id
    union all
    select track.track_id, track.places
    from muse.tracks as track
    where
        muse.spelling(coalesce(track.artist, '')) = any(array_remove(spellings, ''))
        and track.artist_id is null;
end
$$;

comment on function muse.artist_tracks(text) is
'Ids and places of the tracks of an artist by id: select * from artist_tracks(one_artist(''creed''))';  -- noqa: LT05

-- listed_tracks ---------------------------------------------------------------------------
-- What `exclude` and `only` stand for. A track's id is that track; anything else is all tracks
-- of the artists, playlists and names that fit.

create or replace function muse.listed_tracks(elements text[], name text)
returns text[]
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    listed text[];
    others text[];
    unknown text;
begin
    perform muse.check_elements(listed_tracks.elements, listed_tracks.name, 10000);
    select
        coalesce(array_agg(track.track_id) filter (where track.track_id is not null), '{}'),
        coalesce(array_agg(given.name) filter (where track.track_id is null), '{}')
    into listed, others
    from (select distinct one.name from unnest(listed_tracks.elements) as one (name)) as given
    left join muse.tracks as track on given.name = track.track_id;
    if others = '{}' then
        return listed;
    end if;

    with fitting as (
        select given.name, fits.track_id
        from unnest(others) as given (name)
        left join lateral (
            select track.track_id
            from muse.artists_named(given.name) as artist
            cross join lateral muse.artist_tracks(artist.artist_id) as track
            union all
            select unnest(playlist.track_ids) as track_id
            from muse.playlists as playlist
            where playlist.identity = given.name
            union all
            select named.track_id
            from muse.tracks_named(given.name) as named (track_id)
        ) as fits on true
    )

    select
        listed || coalesce(
            array_agg(distinct fitting.track_id) filter (where fitting.track_id is not null), '{}'
        ),
        left(
            string_agg(distinct coalesce(fitting.name, 'null'), ', ')
            filter (where fitting.track_id is null), 300
        )
    into listed, unknown
    from fitting;
    if unknown is not null then
        raise notice 'no track, artist or playlist of % is named: %', listed_tracks.name, unknown;
    end if;
    -- The filters of a query: larger arrays take seconds.
    perform muse.check_elements(listed, 'what ' || listed_tracks.name || ' stands for', 500000);
    return listed;
end
$$;

comment on function muse.listed_tracks(text[], text) is
'Ids of tracks by ids, artists, playlists and artist - title: select listed_tracks(array[''creed''], ''exclude'')';  -- noqa: LT05
