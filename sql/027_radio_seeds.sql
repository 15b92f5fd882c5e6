-- The tracks that a radio starts from, and the settings of the live model.

-- radio_settings --------------------------------------------------------------------------

create or replace function muse.radio_settings(model_id bigint)
returns table (exponent real, vectors real, neighbors real)
language sql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
as $$
    select
        coalesce((model.config #>> '{radio,exponent}')::real, 0.5),
        coalesce((model.config #>> '{radio,vectors}')::real, 1.5),
        coalesce((model.config #>> '{radio,neighbors}')::real, 1)
    from (values (radio_settings.model_id)) as wanted (model_id)
    left join muse.models as model on wanted.model_id = model.model_id;
$$;

comment on function muse.radio_settings(bigint) is
'Exponent of the seeds and weights of the terms of song_radio, defaults for null: select * from radio_settings(live_model(''songs''))';  -- noqa: LT05

-- vector_keys -----------------------------------------------------------------------------

create or replace view muse.vector_keys as
select
    songs.model_id,
    songs.track_id
from muse.song_vectors as songs
union all
select
    sounds.model_id,
    sounds.track_id
from muse.sound_vectors as sounds;

comment on view muse.vector_keys is
'One row per model and track with a vector, of songs or sounds: select * from vector_keys limit 9';
comment on column muse.vector_keys.model_id is
'Id of the model (part of the key, references models.model_id)';
comment on column muse.vector_keys.track_id is
'Id of the track (part of the key, references tracks.track_id)';

-- radio_seeds -----------------------------------------------------------------------------
-- Artists stand before the seeds. An artist has the weight of one seed, shared by its 20 most
-- played tracks. The tracks of `unlike` have together minus half of all weight.

create or replace function muse.radio_seeds(
    model_id bigint, seeds text[], artists text[], unlike text[], exponent real
)
returns table (track_id text, weight real)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    ids text[];
    total integer;
begin
    perform muse.check_elements(radio_seeds.seeds, 'seeds', 1000);
    perform muse.check_elements(radio_seeds.artists, 'artists', 1000);
    perform muse.check_elements(radio_seeds.unlike, 'unlike', 1000);
    ids := array(
        select coalesce(muse.one_artist(artist.name), artist.name)
        from unnest(radio_seeds.artists) with ordinality as artist (name, place)
        order by artist.place
    );
    total := cardinality(ids) + cardinality(radio_seeds.seeds);
    return query
    with given as (
        select artist.artist_id, null::text as track_id, max(artist.place) as place
        from unnest(ids) with ordinality as artist (artist_id, place)
        group by artist.artist_id
        union all
        select null as artist_id, seed.track_id, cardinality(ids) + max(seed.place) as place
        from unnest(radio_seeds.seeds) with ordinality as seed (track_id, place)
        group by seed.track_id
    ),

    weighed as (
        select given.artist_id, given.track_id, power(total - given.place + 2, -radio_seeds.exponent) as weight
        from given
    ),

    liked as (
        select vectors.track_id, weighed.weight
        from weighed
        inner join muse.vector_keys as vectors on weighed.track_id = vectors.track_id
        where vectors.model_id = radio_seeds.model_id
        union all
        select best.track_id, weighed.weight / count(*) over (partition by weighed.artist_id)
        from weighed
        cross join lateral (
            select vectors.track_id
            from muse.artist_tracks(weighed.artist_id) as track
            inner join muse.vector_keys as vectors on track.track_id = vectors.track_id
            where vectors.model_id = radio_seeds.model_id
            order by track.places desc, track.track_id
            limit 20
        ) as best
        where weighed.artist_id is not null
    ),

    disliked as (
        select
            vectors.track_id,
            -0.5 * (select sum(liked.weight) from liked) / count(*) over () as weight
        from muse.vector_keys as vectors
        where
            vectors.model_id = radio_seeds.model_id
            and vectors.track_id = any(radio_seeds.unlike)
    )

    select both_of.track_id, sum(both_of.weight)::real
    from (table liked union all table disliked) as both_of
    where exists (select from liked)
    group by both_of.track_id;
end
$$;

comment on function muse.radio_seeds(bigint, text[], text[], text[], real) is
'Tracks and weights that a radio starts from: select * from radio_seeds(live_model(''songs''), array[''lonestar - amazed''], array[''creed''], ''{}'', 0.5)';  -- noqa: LT05
