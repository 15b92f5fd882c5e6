-- The functions that the current role may call, with a query to paste.

create or replace function muse.help(search muse.short_text default '')
returns table (function text, purpose text, example text)
language sql stable parallel safe rows 100
begin atomic
    select
        proc.proname::text as function,
        split_part(about.comment, ': ', 1) as purpose,
        substring(about.comment from position(': ' in about.comment) + 2) || ';' as example
    from pg_proc as proc
    cross join lateral (select obj_description(proc.oid, 'pg_proc') as comment) as about
    where
        proc.pronamespace = 'muse'::regnamespace
        and proc.prorettype <> 'trigger'::regtype
        and has_function_privilege(proc.oid, 'execute')
        and position(lower(help.search) in lower(proc.proname || ' ' || about.comment)) > 0
    order by proc.proname;
end;

comment on function muse.help(muse.short_text) is
'Functions, by a part of their name or purpose: select * from help(''song'')';
