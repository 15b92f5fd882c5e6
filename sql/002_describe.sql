-- The comments of a table and its columns.
--
-- `comment on` waits for vacuum, analyze and index builds of its table. So only what differs is
-- written: a migration to the same comments takes no lock. Views do without this function.

create or replace function pg_temp.describe(
    relation regclass, comment text, variadic columns text[]
)
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if obj_description(describe.relation, 'pg_class') is distinct from describe.comment then
        execute format('comment on table %s is %L', describe.relation, describe.comment);
    end if;
    for i in 1 .. cardinality(describe.columns) by 2 loop
        if not exists (
            select from pg_attribute as attribute
            where
                attribute.attrelid = describe.relation
                and attribute.attname = describe.columns[i]
                and col_description(attribute.attrelid, attribute.attnum) = describe.columns[i + 1]
        ) then
            execute format(
                'comment on column %s.%I is %L',
                describe.relation, describe.columns[i], describe.columns[i + 1]
            );
        end if;
    end loop;
end
$$;
