-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06,RF03

-- name: select_dependents
-- Objects outside our schemas that depend on ours, and would be dropped with them.
with ours as (
    select
        'pg_class'::regclass as class,
        pg_class.oid
    from pg_class
    inner join pg_namespace as schema on pg_class.relnamespace = schema.oid
    where schema.nspname = any(%(schemas)s)
    union all
    select
        'pg_proc'::regclass,
        pg_proc.oid
    from pg_proc
    inner join pg_namespace as schema on pg_proc.pronamespace = schema.oid
    where schema.nspname = any(%(schemas)s)
    union all
    select
        'pg_type'::regclass,
        pg_type.oid
    from pg_type
    inner join pg_namespace as schema on pg_type.typnamespace = schema.oid
    where schema.nspname = any(%(schemas)s)
),

dependent as (
    select
        case link.classid
            when 'pg_rewrite'::regclass then 'pg_class'::regclass
            else link.classid
        end as class,
        coalesce(rule.ev_class, link.objid) as oid,
        link.objsubid
    from pg_depend as link
    inner join ours on link.refclassid = ours.class and link.refobjid = ours.oid
    left join pg_rewrite as rule
        on link.classid = 'pg_rewrite'::regclass and link.objid = rule.oid
    left join pg_constraint as rule_of
        on link.classid = 'pg_constraint'::regclass and link.objid = rule_of.oid
    where
        link.deptype in ('n', 'a')
        and (
            rule_of.oid is null
            or rule_of.conrelid not in (select one.oid from ours as one)
            and rule_of.contypid not in (select one.oid from ours as one)
        )
        and not (link.classid = 'pg_attrdef'::regclass)
        and not (link.classid = 'pg_trigger'::regclass)
)

select distinct pg_describe_object(class, oid, objsubid) as description
from dependent
where (class, oid) not in (
    select
        ours.class,
        ours.oid
    from ours
)
order by description
limit 20;

-- name: select_lock_holders
select distinct
    lock.pid,
    coalesce(activity.usename, 'another role') as login,
    coalesce(nullif(activity.application_name, ''), activity.state, 'no name') as application
from pg_locks as lock
inner join pg_class as relation on lock.relation = relation.oid
inner join pg_namespace as schema on relation.relnamespace = schema.oid
left join pg_stat_activity as activity on lock.pid = activity.pid
where
    schema.nspname like 'muse%'
    and lock.granted
    and lock.pid <> pg_backend_pid()
    and lock.database = (
        select oid from pg_database
        where datname = current_database()
    )
order by lock.pid
limit 5;

-- name: select_search_path
-- The database's own search_path, or the server's default where it has none.
select
    coalesce(
        (
            select substring(config.setting from 13)
            from pg_db_role_setting, unnest(setconfig) as config (setting)
            where
                setrole = 0
                and config.setting like 'search_path=%'
                and setdatabase = (
                    select oid from pg_database
                    where datname = current_database()
                )
        ),
        (
            select boot_val from pg_settings
            where name = 'search_path'
        )
    ) as path;

-- name: select_misplaced_extensions
select
    extname,
    extnamespace::regnamespace::text as schema
from pg_extension
where extname = any(%(names)s) and extnamespace <> 'public'::regnamespace;

-- name: select_strong_roles
-- Our roles that have attributes or memberships of their own.
select rolname
from pg_roles as role
where
    rolname in ('muse_reader', 'muse_loader')
    and (
        rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
        or exists (
            select from pg_auth_members
            where member = role.oid
        )
    )
order by rolname;

-- name: select_sources
select
    source_id,
    location,
    options,
    added_by,
    (added_by is not distinct from session_user) as is_own
from muse.sources
where topic = %(topic)s and loaded_at is not null
order by source_id;

-- name: probe_python
-- Runs in the server, as its user and with its environment; it imports nothing of ours. Each import
-- has a process of its own: a clash of native libraries ends that process and not the server.
do language plpython3u $probe$
import json, os, subprocess, sys
program = "python%d.%d" % sys.version_info[:2]
result = dict(version="%d.%d" % sys.version_info[:2])
result["threads"] = dict((name, os.environ.get(name)) for name in json.loads({threads}))
for module in json.loads({imports}):
    code = "import " + module + " as m; print(getattr(m, '__file__', ''))"
    try:
        done = subprocess.run(
            [program, "-c", code], capture_output=True, text=True, timeout=60, errors="replace"
        )
        succeeded = done.returncode == 0
        last = (done.stderr.strip().splitlines() or ["signal %d" % -done.returncode])[-1]
        result[module] = [succeeded, done.stdout.strip() if succeeded else last]
    except (OSError, subprocess.TimeoutExpired) as error:
        result[module] = [False, str(error)]
plpy.notice("probe:" + json.dumps(result))
$probe$;

-- name: select_roles
-- Members of our roles, and other roles with grants in this database, without superusers. Only a
-- superuser may read passwords.
with recursive member as (
    select oid
    from pg_roles
    where
        rolname in ('muse_reader', 'muse_loader') or oid in (
            select link.refobjid
            from pg_shdepend as link
            inner join pg_database as database on link.dbid = database.oid
            where
                database.datname = current_database()
                and link.refclassid = 'pg_authid'::regclass
                and link.deptype = 'a'
        )
    union
    select link.member
    from pg_auth_members as link
    inner join member on link.roleid = member.oid
)

select
    coalesce(
        jsonb_agg(
            jsonb_build_object(
                'name', role.rolname,
                'can_login', role.rolcanlogin,
                'connections', role.rolconnlimit,
                'valid_until', role.rolvaliduntil,
                'member_of', (
                    select jsonb_agg(parent.rolname)
                    from pg_auth_members as link
                    inner join pg_roles as parent on link.roleid = parent.oid
                    where link.member = role.oid and parent.oid in (
                        select member.oid
                        from member
                    )
                )
            )
            order by role.rolname
        ),
        '[]'
    ) as roles
from pg_roles as role
inner join member on role.oid = member.oid
where
    not role.rolsuper and role.rolname !~ '^pg_'
    and role.rolname not in ('muse_reader', 'muse_loader');

-- name: select_passwords
select coalesce(jsonb_object_agg(rolname, rolpassword), '{}') as passwords
from pg_authid
where rolname = any(%(names)s) and rolpassword like 'SCRAM-SHA-256$%%';

-- name: select_muse_settings
-- Settings of this database such as muse.keep_models, as name and value.
select
    split_part(setting, '=', 1) as name,
    substring(setting from position('=' in setting) + 1) as value
from pg_db_role_setting, unnest(setconfig) as setting
where
    setrole = 0
    and setdatabase = (
        select oid from pg_database
        where datname = current_database()
    )
    and setting like 'muse.%%';

-- name: count_sources
-- Sources, and the names of those that an earlier version of their loader loaded.
select
    count(*) as sources,
    coalesce(
        array_agg(source.location order by source.location)
        filter (where source.version < current.version),
        '{}'
    ) as stale
from muse.sources as source
left join muse.topics as current on source.topic = current.topic
where source.loaded_at is not null;

-- name: select_nodes
select
    node,
    status,
    citus,
    postgres,
    pg_size_pretty(shard_bytes) as size,
    advice
from muse.nodes
order by node;
