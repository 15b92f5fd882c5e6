"""arguments in double precision, which BI tools and drivers bind

Revision ID: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"

# A real converts to double precision by itself, and not the other way round. sql/ creates the
# functions again.
REPLACED = """
do $$
declare
    replaced regprocedure;
    detail text;
    dependents text := '';
begin
    for replaced in
        select function.oid
        from pg_proc as function
        where
            function.pronamespace = 'muse'::regnamespace
            and function.proname in (
                'generate_icons', 'save_icons', 'labelled_sheet', 'deep_ink', 'deep_ink_gif',
                'save_ink', 'tune_search'
            )
    loop
        begin
            execute format('drop function %s', replaced);
        exception when dependent_objects_still_exist then
            get stacked diagnostics detail = pg_exception_detail;
            dependents := dependents || detail || E'\\n';
        end;
    end loop;
    if dependents <> '' then
        raise exception 'objects of yours depend on functions whose arguments change: drop them, '
            'migrate, and create them again'
        using errcode = '2BP01', detail = dependents;
    end if;
end
$$;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(REPLACED)
