-- Recall: what an index finds of what is there.

create or replace function muse.recall(
    table_name text, n integer default 10, sample integer default 100
)
returns setof muse.measured_recall
language plpgsql stable parallel safe rows 1
set hnsw.iterative_scan = strict_order  -- noqa: PRS
set hnsw.ef_search = 100
set jit = off
as $$
declare
    live constant bigint := muse.live_model('songs');
    seed record;
    found bigint := 0;
    wanted bigint := 0;
    asked integer := 0;
begin
    perform muse.check_n(recall.n);
    if recall.table_name is distinct from 'song_vectors' then
        raise exception 'no vectors in a table %', coalesce(recall.table_name, 'null')
        using errcode = '22023', hint = 'song_vectors has them';
    end if;
    if recall.sample is null or recall.sample not between 1 and 10000 then
        raise exception 'sample must be from 1 to 10000' using errcode = '22023';
    end if;
    -- The same tracks at every call, whatever their order in the table.
    for seed in
        select vectors.track_id, vectors.input_vector
        from muse.song_vectors as vectors
        where vectors.model_id = live
        order by hashtextextended(vectors.track_id, 0)
        limit recall.sample
    loop
        asked := asked + 1;
        with by_index as materialized (
            select vectors.track_id
            from muse.song_vectors as vectors
            where vectors.model_id = live and vectors.track_id <> seed.track_id
            order by vectors.context_vector operator(public.<#>) seed.input_vector
            limit recall.n
        ),

        exact as materialized (
            select vectors.track_id
            from muse.song_vectors as vectors
            where vectors.model_id = live and vectors.track_id <> seed.track_id
            order by -(vectors.context_vector operator(public.<#>) seed.input_vector) desc
            limit recall.n
        )

        select
            found + count(*) filter (where exact.track_id in (table by_index)),
            wanted + count(*)
        into found, wanted
        from exact;
    end loop;
    return query select (found::double precision / nullif(wanted, 0))::real, asked;
end
$$;

comment on function muse.recall(text, integer, integer) is
'Share of the n nearest that the index finds: select * from recall(''song_vectors'', 10, 100)';
