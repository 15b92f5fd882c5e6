"""Queries over the catalog: functions, tables and views of the schema, and their comments."""

FUNCTIONS = """
    select p.proname, obj_description(p.oid, 'pg_proc'), l.lanname, p.prosrc, p.provolatile,
        p.proparallel, p.procost, p.oid
    from pg_proc as p join pg_language as l on l.oid = p.prolang
    where p.pronamespace = 'muse'::regnamespace
"""
VIEWS = """
    select relname, obj_description(oid, 'pg_class') from pg_class
    where relnamespace = 'muse'::regnamespace and relkind in ('v', 'm')
"""
TABLES = VIEWS.replace("('v', 'm')", "('r', 'p')") + " and relname <> 'alembic_version'"


def queries_of(comments):
    """The query that a comment ends with, by the name of its object."""
    for name, comment, *_ in comments:
        words, _, query = (comment or "").partition(": ")
        yield name, words, query
