"""loaders own nothing: locks, staging tables and vector indexes that they use by functions

Revision ID: 0010
Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"

# Loaders owned some tables, and could create in muse_partitions, up to 0009: what they put there
# would run with the rights of whoever loads next.
FOREIGN_OBJECTS = """
do $$
declare
    schemas constant oid[] := array['muse'::regnamespace, 'muse_partitions'::regnamespace];
    objects text;
begin
    with our_function as (
        select oid from pg_proc
        where pronamespace in ('pg_catalog'::regnamespace, 'muse'::regnamespace)
        union all
        select objid from pg_depend where classid = 'pg_proc'::regclass and deptype = 'e'
    ),
    our_operator as (
        select oid from pg_operator where oprnamespace = 'pg_catalog'::regnamespace
        union all
        select objid from pg_depend where classid = 'pg_operator'::regclass and deptype = 'e'
    ),
    foreign_object as (
        select format('trigger %I on table %s', tgname, tgrelid::regclass) as name
        from pg_trigger join pg_class on pg_class.oid = tgrelid
        where relnamespace = any(schemas) and not tgisinternal
          and (
            tgqual is not null or tgfoid not in (
                select oid from pg_proc where pronamespace = 'muse'::regnamespace
            )
          )
        union
        -- A rule acts with the rights of the table's owner, to be a superuser.
        select format('rule %I on table %s', rulename, ev_class::regclass)
        from pg_rewrite join pg_class on pg_class.oid = ev_class
        where relnamespace = any(schemas) and relkind in ('r', 'p')
        union
        select format('policy %I on table %s', polname, polrelid::regclass)
        from pg_policy join pg_class on pg_class.oid = polrelid
        where relnamespace = any(schemas)
        union
        select format('row level security of table %s', oid::regclass) from pg_class
        where relnamespace = any(schemas) and (relrowsecurity or relforcerowsecurity)
        union
        -- Their expressions are computed with the rights of the table's owner, by autovacuum too.
        select format('statistics %s', stxname) from pg_statistic_ext
        join pg_class on pg_class.oid = stxrelid
        where relnamespace = any(schemas)
        union
        select format('table %s, a child of %s', inhrelid::regclass, inhparent::regclass)
        from pg_inherits
        join pg_class as parent on parent.oid = inhparent
        join pg_class as child on child.oid = inhrelid
        where parent.relnamespace = any(schemas) and child.relnamespace <> all(schemas)
          and child.relkind in ('r', 'p', 'f')
        union
        select format('foreign key %I of table %s', conname, conrelid::regclass)
        from pg_constraint
        join pg_class as referenced on referenced.oid = confrelid
        join pg_class as referencing on referencing.oid = conrelid
        where referenced.relnamespace = any(schemas) and referencing.relnamespace <> all(schemas)
        union
        -- A domain's checks run where its values are written.
        select format('column %I of table %s, a %s', attname, attrelid::regclass, type.oid::regtype)
        from pg_attribute
        join pg_class on pg_class.oid = attrelid
        join pg_type as type on type.oid = atttypid
        left join pg_depend as member
            on member.classid = 'pg_type'::regclass and member.objid in (type.oid, type.typelem)
            and member.deptype = 'e'
        where relnamespace = any(schemas) and relkind in ('r', 'p') and not attisdropped
          and member.objid is null
          and typnamespace not in ('pg_catalog'::regnamespace, 'muse'::regnamespace)
        union
        select format('type %s', pg_type.oid::regtype) from pg_type
        left join pg_class on pg_class.oid = typrelid
        where typnamespace = 'muse_partitions'::regnamespace and (
            typtype in ('d', 'e', 'r') or relkind = 'c'
        )
        union
        select format('table %s in a publication', prrelid::regclass)
        from pg_publication_rel
        join pg_publication on pg_publication.oid = prpubid
        join pg_class on pg_class.oid = prrelid
        join pg_roles as publisher on publisher.oid = pubowner
        where relnamespace = any(schemas) and not rolsuper
        union
        select format('grant of %s on table %s to %s', privilege_type, pg_class.oid::regclass,
            case grantee when 0 then 'public' else grantee::regrole::text end)
        from pg_class cross join aclexplode(relacl)
        where relnamespace = any(schemas) and relkind in ('r', 'p') and grantee <> relowner
          and (is_grantable or privilege_type in ('TRIGGER', 'REFERENCES', 'TRUNCATE'))
          and grantee not in (select oid from pg_roles where rolsuper)
        union
        select format('function %s', oid::regprocedure) from pg_proc
        where pronamespace = 'muse_partitions'::regnamespace
        union
        select format('view %s', oid::regclass) from pg_class
        where relnamespace = 'muse_partitions'::regnamespace and relkind in ('v', 'm', 'f')
        union
        -- query_to_xml('select f()', ...) calls any function; pg_depend has nothing of pg_catalog.
        select format('%s with %s', expression.name, pg_proc.oid::regprocedure)
        from (
            select pg_describe_object('pg_attrdef'::regclass, pg_attrdef.oid, 0), adbin::text
            from pg_attrdef join pg_class on pg_class.oid = adrelid
            where relnamespace = any(schemas)
            union all
            select pg_describe_object('pg_constraint'::regclass, oid, 0), conbin::text
            from pg_constraint where connamespace = any(schemas)
        ) as expression (name, tree)
        cross join regexp_matches(tree, ':(?:op)?funcid (\\d+)', 'g') as called (ids)
        join pg_proc on pg_proc.oid = called.ids[1]::oid
        where pronamespace = 'pg_catalog'::regnamespace and provolatile <> 'i'
          and proname not in ('now', 'clock_timestamp', 'nextval')
        union
        select pg_describe_object(classid, objid, objsubid)
        from pg_depend
        where (
            refclassid = 'pg_proc'::regclass and refobjid not in (table our_function)
            or refclassid = 'pg_operator'::regclass and refobjid not in (table our_operator)
        ) and (
            classid = 'pg_constraint'::regclass and objid in (
                select oid from pg_constraint where connamespace = any(schemas)
            )
            or classid = 'pg_attrdef'::regclass and objid in (
                select pg_attrdef.oid from pg_attrdef join pg_class on pg_class.oid = adrelid
                where relnamespace = any(schemas)
            )
            or classid = 'pg_rewrite'::regclass and objid in (
                select pg_rewrite.oid from pg_rewrite join pg_class on pg_class.oid = ev_class
                where relnamespace = any(schemas) and relkind in ('r', 'p')
            )
            or classid = 'pg_policy'::regclass and objid in (
                select pg_policy.oid from pg_policy join pg_class on pg_class.oid = polrelid
                where relnamespace = any(schemas)
            )
            or classid = 'pg_class'::regclass and objid in (
                select oid from pg_class where relnamespace = any(schemas) and relkind in ('i', 'I')
            )
        )
    )
    select string_agg(name, '; ' order by name) into objects from foreign_object;
    if objects is not null then
        raise exception 'objects that pgmuse did not create would run as whoever loads: %', objects
        using errcode = '42501', hint = 'look at them, drop them, and run ./pgmuse migrate again';
    end if;
end
$$;
"""

OWNERS = """
do $$
declare
    owner constant regrole := (select nspowner from pg_namespace where nspname = 'muse');
    relation record;
begin
    for relation in
        select pg_class.oid::regclass as name
        from pg_class
        where relnamespace in ('muse'::regnamespace, 'muse_partitions'::regnamespace)
          and relkind in ('r', 'p') and relowner <> owner
    loop
        execute format('alter table %s owner to %s', relation.name, owner);
    end loop;
    for relation in
        select pg_class.oid::regclass as name, table_class.relname || '_vector' as new_name
        from pg_index
        join pg_class on pg_class.oid = indexrelid
        join pg_class as table_class on table_class.oid = indrelid
        join pg_am on pg_am.oid = pg_class.relam
        where table_class.relnamespace = 'muse_partitions'::regnamespace and amname = 'hnsw'
    loop
        execute format('alter index %s rename to %I', relation.name, relation.new_name);
    end loop;
    -- Before 0.8.4 of pgvector, vacuum can damage an HNSW index beside inserts.
    if (
        select string_to_array(extversion, '.')::integer[] < array[0, 8, 4]
        from pg_extension where extname = 'vector'
    ) then
        for relation in
            select inhrelid::regclass as name
            from pg_inherits
            where inhparent in ('muse.song_vectors'::regclass, 'muse.image_vectors'::regclass)
        loop
            execute format('alter table %s set (vacuum_index_cleanup = off)', relation.name);
        end loop;
    end if;
    -- Staging tables of interrupted loads, and partitions that were detached and not dropped: the
    -- next load stages again.
    for relation in
        select pg_class.oid::regclass as name
        from pg_class
        where relnamespace = 'muse_partitions'::regnamespace and relkind = 'r'
          and not relispartition
    loop
        execute format('drop table %s', relation.name);
    end loop;
end
$$;
"""

TABLES = """
-- Locks: `lock table muse_locks.NAME in share update exclusive mode`. Advisory locks can be taken
-- by any login; these only by roles with a grant.
create schema muse_locks;
comment on schema muse_locks is 'Empty tables: who locks one holds the lock of that name';
create table muse_locks.migrate ();
create table muse_locks.refresh ();
create table muse_locks.playlists ();
create table muse_locks.wikidata ();
create table muse_locks.wikipedia ();
create table muse_locks.images ();
create table muse_locks.icons ();
create table muse_locks.songs ();
create table muse_locks.image_index ();
create table muse_locks.tracks ();
create table muse_locks.pictures ();

-- Whether a run still runs is told by its server process.
alter table muse.load_runs add column backend_pid integer default pg_backend_pid();
comment on column muse.load_runs.backend_pid is 'The server process that it runs in';

alter table muse.deployments add column previous_id bigint;
comment on column muse.deployments.previous_id is
'The model that was live before; its vectors stay until the next one, 24 hours at most';

comment on table muse.song_vectors is
'One row a model and track: select * from song_vectors where model_id = live_model(''songs'')';
comment on table muse.song_neighbors is
'One row a model and pair of tracks: select neighbor_id, similarity from song_neighbors limit 9';

create table muse.vector_indexes (
    table_name text primary key,
    definition text not null,
    from_rows bigint not null default 0
);
comment on table muse.vector_indexes is
'One row a table of vectors with the index of its partitions: select * from vector_indexes';
comment on column muse.vector_indexes.definition is 'What follows create index on PARTITION';
comment on column muse.vector_indexes.from_rows is
'With fewer rows a partition has no index: a scan is as fast, and exact';
insert into muse.vector_indexes values
('song_vectors', 'using hnsw (context_vector public.vector_ip_ops)', 0),
('image_vectors', 'using hnsw (embedding public.halfvec_cosine_ops)', 2000);

create table muse.index_builds (
    partition_name text primary key,
    rows_deleted bigint not null,
    built_at timestamptz not null default now()
);
comment on table muse.index_builds is
'One row a partition whose vector index was built again: select * from index_builds';
comment on column muse.index_builds.rows_deleted is
'n_tup_del of pg_stat_user_tables at that moment';

create table muse.dropped_indexes (
    index_name text primary key,
    table_name text not null,
    definition text not null
);
comment on table muse.dropped_indexes is
'One row an index that a first load dropped and makes again: select * from dropped_indexes';

-- Staging tables of a load are copies of these, made by muse.create_staging.
create schema muse_staging;
comment on schema muse_staging is 'Tables that a load of a dump fills before it merges';
create table muse_staging.chunks (
    digest bytea primary key, chunk_id integer not null, run_id bigint not null,
    entities integer not null, kept integer not null, unchanged integer not null,
    outside integer not null, unreadable integer not null, bad integer not null,
    errors jsonb not null
);
create table muse_staging.failed (key text, chunk_id integer);
create table muse_staging.wikidata_items (
    wikidata_id text collate "C", wikipedia_id text, title text, description text,
    claims jsonb, statement_ids jsonb, class_ids text[] collate "C", labels jsonb,
    descriptions jsonb, aliases jsonb, sitelinks jsonb, lastrevid bigint, kept_as integer,
    loaded_by integer[], chunk_id integer
);
create table muse_staging.wikidata_seen (
    wikidata_id text collate "C", label text, wikipedia_id text, datatype text,
    superclass_ids text[] collate "C", lastrevid bigint, target_id text, kind text, place text,
    kept_as integer, stored_as integer, unmarked boolean, chunk_id integer
);
create table muse_staging.wikipedia_pages (
    title text, page_id bigint, revision_id bigint, revised_at timestamptz, infobox text,
    image text, templates text[], categories text[], general text[], wikitext text,
    kept_as integer, chunk_id integer
);
create table muse_staging.wikipedia_seen (
    title text, page_id bigint, revision_id bigint, target text, kind text, place text,
    chunk_id integer
);

do $$
begin  -- several times faster, where the server was built with it
    alter table muse_staging.wikidata_items
    alter claims set compression lz4, alter statement_ids set compression lz4;
    alter table muse_staging.wikipedia_pages alter wikitext set compression lz4;
exception when feature_not_supported then null;
end
$$;

-- A first load by muse_loader dropped these and could not make them again.
create index if not exists wikidata_wikipedia_id on muse.wikidata (wikipedia_id);
create index if not exists wikidata_title on muse.wikidata (title);
create index if not exists wikidata_class_ids on muse.wikidata using gin (class_ids);
create index if not exists wikidata_properties on muse.wikidata
using gin (properties jsonb_path_ops);
create index if not exists wikidata_claims on muse.wikidata using gin (claims jsonb_path_ops);
create index if not exists wikipedia_page_id on muse.wikipedia (page_id);
create index if not exists wikipedia_infobox on muse.wikipedia (infobox);
create index if not exists wikipedia_general on muse.wikipedia using gin (general);
create index if not exists wikipedia_categories on muse.wikipedia using gin (categories);
create index if not exists wikipedia_templates on muse.wikipedia using gin (templates);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for step in (FOREIGN_OBJECTS, OWNERS, TABLES):
        raw.execute(step)  # as it stands: alembic's own ways trip over : and %
