-- Song search: what goes together, by the vectors and the neighbours of the live model.
--
-- plpgsql on purpose: n is checked, the query vector is looked up once, and the plan is the same
-- for a literal, a sub-select and a volatile argument. One ordering key, or no index is walked.

-- similar_songs ---------------------------------------------------------------------------
-- From the seed's input vector to the others' context vectors: what stands beside a track in
-- playlists is found between the two (docs/songs.md has the figures).

create or replace function muse.similar_songs(track_id text, n integer default 10)
returns setof muse.similar_song
language plpgsql stable parallel safe rows 10
set hnsw.iterative_scan = strict_order  -- noqa: PRS
set hnsw.ef_search = 100
set jit = off
as $$
declare
    live constant bigint := muse.live_model('songs');
    seed public.vector;
    ids text[];
    similarities real[];
begin
    perform muse.check_n(similar_songs.n);
    select vectors.input_vector into seed
    from muse.song_vectors as vectors
    where vectors.model_id = live and vectors.track_id = similar_songs.track_id;
    if seed is null then
        raise notice 'track % is not in the live model', left(similar_songs.track_id, 300)
        using hint = 'find_songs knows ids; tracks of very few playlists are left out';
        return;
    end if;

    select array_agg(near.track_id), array_agg(near.similarity) into ids, similarities
    from (
        select vectors.track_id, -(vectors.context_vector operator(public.<#>) seed) as similarity
        from muse.song_vectors as vectors
        where vectors.model_id = live and vectors.track_id <> similar_songs.track_id
        order by vectors.context_vector operator(public.<#>) seed
        limit similar_songs.n
    ) as near;

    -- An index may end early: then the rest is there for whoever looks at every row.
    if coalesce(cardinality(ids), 0) < similar_songs.n then
        select array_agg(near.track_id), array_agg(near.similarity) into ids, similarities
        from (
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) seed) as similarity
            from muse.song_vectors as vectors
            where vectors.model_id = live and vectors.track_id <> similar_songs.track_id
            order by -(vectors.context_vector operator(public.<#>) seed) desc
            limit similar_songs.n
        ) as near;
    end if;

    return query
    select near.track_id, track.name, track.artist, near.similarity::real
    from unnest(ids, similarities) with ordinality as near (track_id, similarity, place)
    inner join muse.tracks as track on near.track_id = track.track_id
    order by near.place;
end
$$;

comment on function muse.similar_songs(text, integer) is
'Tracks that go with one, the likeliest first: select * from similar_songs((select track_id from find_songs(''say my name'', 1)))';
