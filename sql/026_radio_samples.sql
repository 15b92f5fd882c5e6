-- Stored song radios.

create or replace function muse.save_radio(
    seeds text[], n integer default 25, per_artist integer default 3, seed bigint default 0
)
returns bigint
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    id bigint;
begin
    insert into muse.samples (kind, model_id, seed, parameters, result)
    select
        'radio',
        muse.live_model('songs'),
        save_radio.seed,
        jsonb_build_object(
            'seeds', save_radio.seeds, 'n', save_radio.n, 'per_artist', save_radio.per_artist
        ),
        jsonb_agg(
            jsonb_build_object(
                'track_id', song.track_id, 'name', song.name, 'artist', song.artist,
                'score', song.score
            )
            order by song.place
        )
    from muse.song_radio(save_radio.seeds, save_radio.n, save_radio.per_artist) as song
    having count(*) > 0
    returning sample_id into id;
    return id;
end
$$;

comment on function muse.save_radio(text[], integer, integer, bigint) is
'Id of a stored radio, null if no track is known: select sample_id, place, name from radio_samples';

-- The first tracks are among the 1,000 in most playlists.
create or replace function muse.draw_radio_samples(n integer default 12, seed bigint default 0)
returns integer
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    perform muse.check_n(draw_radio_samples.n);
    if not exists (select from muse.deployments as live where live.name = 'songs') then
        return 0;
    end if;
    return (
        with popular as (
            select track.track_id
            from muse.song_vectors as vectors
            inner join muse.tracks as track on vectors.track_id = track.track_id
            where vectors.model_id = muse.live_model('songs')
            order by track.places desc, track.track_id
            limit 1000
        ),

        chosen as materialized (
            select popular.track_id from popular
            order by hashtextextended(popular.track_id, draw_radio_samples.seed)
            limit draw_radio_samples.n
        )

        select count(muse.save_radio(array[chosen.track_id], seed => draw_radio_samples.seed))
        from chosen
    );
end
$$;

comment on function muse.draw_radio_samples(integer, bigint) is
'Number of radios stored, each from a popular track: select distinct sample_id from radio_samples';
