-- Recall of any index of pgvector, and the ef_search that a recall needs.

create or replace function muse.recall_index(
    vector_index regclass, n integer default 10, sample integer default 100
)
returns setof muse.measured_recall
language plpgsql volatile parallel unsafe rows 1
set search_path = pg_catalog, muse, pg_temp
set jit = off  -- noqa: PRS
as $$
declare
    seqscan constant text := current_setting('enable_seqscan');
    indexscan constant text := current_setting('enable_indexscan');
    indexed record;
    nearest text;
    seed record;
    exact double precision[];
    found_ones double precision[];
    hits bigint := 0;
    wanted bigint := 0;
    asked integer := 0;
begin
    perform muse.check_n(recall_index.n);
    perform muse.check_sample(recall_index.sample);
    select
        definition.indrelid::regclass::text as name,
        quote_ident(field.attname) as field,
        format_type(field.atttypid, null) as type,
        format('operator(%I.%s)', schema.nspname, operator.oprname) as operator
    into indexed
    from pg_index as definition
    inner join pg_class as relation on definition.indexrelid = relation.oid
    inner join pg_am as method on relation.relam = method.oid and method.amname in ('hnsw', 'ivfflat')
    inner join pg_opclass as class on definition.indclass[0] = class.oid
    inner join pg_amop as link on class.opcfamily = link.amopfamily and link.amopstrategy = 1
    inner join pg_operator as operator on link.amopopr = operator.oid
    inner join pg_namespace as schema on operator.oprnamespace = schema.oid
    inner join pg_attribute as field
        on definition.indrelid = field.attrelid and definition.indkey[0] = field.attnum
    where
        definition.indexrelid = recall_index.vector_index and relation.relkind = 'i'
        and definition.indpred is null and definition.indisvalid;
    if indexed is null then
        raise exception '% is no valid index of pgvector on a plain column of all rows',
            coalesce(recall_index.vector_index::text, 'null')
        using errcode = '22023';
    end if;
    nearest := format(
        'select array_agg(near.distance) from (select %2$s %3$s $1::%4$s as distance from %1$s '
        'where ctid <> $2 order by %2$s %3$s $1::%4$s limit $3) as near',
        indexed.name, indexed.field, indexed.operator, indexed.type
    );
    for seed in execute format(
        'select ctid as place, %2$s::text as vector from %1$s where %2$s is not null '
        'order by hashtextextended(ctid::text, 0) limit $1', indexed.name, indexed.field
    ) using recall_index.sample
    loop
        asked := asked + 1;
        perform set_config('enable_indexscan', 'off', true);
        perform set_config('enable_seqscan', 'on', true);
        execute nearest into exact using seed.vector, seed.place, recall_index.n;
        perform set_config('enable_indexscan', 'on', true);
        perform set_config('enable_seqscan', 'off', true);
        execute nearest into found_ones using seed.vector, seed.place, recall_index.n;
        -- Ties are hits: the distance counts and not the row.
        wanted := wanted + cardinality(coalesce(exact, '{}'));
        hits := hits + (
            select count(*) from unnest(found_ones) as one (distance)
            where one.distance <= (select max(other.distance) from unnest(exact) as other (distance))
        );
    end loop;
    perform set_config('enable_indexscan', indexscan, true);
    perform set_config('enable_seqscan', seqscan, true);
    return query select (hits::double precision / nullif(wanted, 0))::real, asked;
end
$$;

comment on function muse.recall_index(regclass, integer, integer) is
'Recall of an index of pgvector, by rows of its table: select * from tune_search(0.95)';

create or replace function muse.largest_vector_index(table_name text)
returns regclass
language sql stable parallel safe
begin atomic
    select relation.oid::regclass
    from pg_index as definition
    inner join pg_class as relation on definition.indexrelid = relation.oid
    inner join pg_am as method on relation.relam = method.oid
    where
        method.amname in ('hnsw', 'ivfflat')
        and relation.relkind = 'i'
        and relation.relpersistence <> 't'
        and definition.indkey[0] <> 0
        and definition.indpred is null
        and definition.indisvalid
        and definition.indrelid in (
            select parts.relid
            from pg_partition_tree(to_regclass(left(largest_vector_index.table_name, 200))) as parts
            union all
            select to_regclass(left(largest_vector_index.table_name, 200))
        )
    order by relation.relpages desc, relation.oid asc
    limit 1;
end;

comment on function muse.largest_vector_index(text) is
'Index of pgvector on a table or its partitions: select largest_vector_index(''song_vectors'')';

-- The functions of songs and images have their own ef_search; see recall().
create or replace function muse.tune_search(
    target double precision default 0.95,
    table_name text default null,
    n integer default 10,
    sample integer default 50
)
returns table (vector_index text, ef_search integer, recall real)
language plpgsql volatile parallel unsafe rows 4
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    before constant text := current_setting('hnsw.ef_search', true);
    tuned record;
begin
    if tune_search.target is null or tune_search.target not between 0 and 1 then
        raise exception 'target must be from 0 to 1' using errcode = '22023';
    end if;
    perform muse.check_n(tune_search.n);
    for tuned in
        select relation.oid::regclass as vector_index
        from pg_class as relation
        inner join pg_index as definition on relation.oid = definition.indexrelid
        inner join pg_am as method on relation.relam = method.oid
        where
            method.amname = 'hnsw' and relation.relkind = 'i' and definition.indkey[0] <> 0
            and relation.relpersistence <> 't' and definition.indpred is null
            and definition.indisvalid
            and has_schema_privilege(relation.relnamespace, 'usage')
            and has_table_privilege(definition.indrelid, 'select')
            and (
                tune_search.table_name is null
                or relation.oid = muse.largest_vector_index(tune_search.table_name)
            )
        order by 1
    loop
        vector_index := tuned.vector_index::text;
        foreach ef_search in array array[10, 20, 40, 80, 160, 320, 640, 1000] loop
            continue when ef_search < tune_search.n;
            perform set_config('hnsw.ef_search', ef_search::text, true);
            select measured.recall into recall
            from muse.recall_index(tuned.vector_index, tune_search.n, tune_search.sample)
                as measured;
            exit when recall is null or recall >= tune_search.target;
        end loop;
        return next;
    end loop;
    if not found and tune_search.table_name is not null then
        raise exception 'no HNSW index on a table %', left(tune_search.table_name, 100)
        using errcode = '22023', hint = 'outside of muse, name the schema too: public.photos';
    end if;
    perform set_config('hnsw.ef_search', coalesce(before, '40'), true);
end
$$;

comment on function muse.tune_search(double precision, text, integer, integer) is
'The smallest ef_search with a recall, for each index: select * from tune_search(0.95)';
