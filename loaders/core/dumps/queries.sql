-- Queries over the staging tables of a load. {chunks}, {failed}, {seen}: its tables; {table}: any
-- of them. See Staging.sql.

-- name: reuse_chunk
-- A chunk with this digest is staged already: count it as part of this run.
update {chunks} set run_id = %(run)s
where digest = %(digest)s
returning entities, kept, unchanged, outside, unreadable, bad;

-- name: insert_chunk
insert into {chunks} (
    digest, chunk_id, run_id, entities, kept, unchanged, outside, unreadable, bad, errors
) values (
    %(digest)s, %(chunk_id)s, %(run)s, %(entities)s, %(kept)s, %(unchanged)s, %(outside)s,
    %(unreadable)s, %(bad)s, %(errors)s
);

-- name: delete_stale
-- Chunks without this run's id belong to another version of the file.
delete from {table}
where chunk_id in (
    select chunk.chunk_id from {chunks} as chunk
    where chunk.run_id <> %(run)s
);

-- name: find_duplicates
-- {rank} orders the copies of an entry, the best one first.
select
    staged.{key}::text as key,
    array_agg(staged.place order by {rank}) as places
from {seen} as staged
where staged.{key} is not null
group by staged.{key}
having count(*) > 1
order by staged.{key};

-- name: delete_duplicates
delete from {table} as old using (
    select
        staged.ctid,
        row_number() over (partition by staged.{key} order by {rank}) as copy_number
    from {table} as staged
    where staged.{key}::text = any(%(keys)s)
) as ranked
where ranked.ctid = old.ctid and ranked.copy_number > 1;
