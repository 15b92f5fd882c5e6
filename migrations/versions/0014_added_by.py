"""which login added a source, and ids whose new name is not in all properties yet

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = """
alter table muse.sources add column added_by name;
comment on column muse.sources.added_by is
'The login that loaded it; refresh repeats the loads of the login that calls it';
alter table muse.sources add check (jsonb_typeof(options) = 'object');
-- Properties hold names. Ids whose name changed stay here until the properties are made again, by
-- the next load where this one is killed.
create table muse.wikidata_renamed (wikidata_id text collate "C" primary key);
comment on table muse.wikidata_renamed is
'One row an id whose new name is not in all properties yet: select * from wikidata_renamed';

alter table muse.models add check (model_id > 0);
-- Addresses were stored with user, password and query; refresh passes over those without a request.
update muse.sources set options = options - 'request'
where options #>> '{request,source}' ~ '^https?://([^/]*@|[^?]*[?])';

do $$
begin
    -- Where nobody else could have added them, earlier sources are those of who migrates.
    if not exists (
        select from pg_roles as login
        where login.rolcanlogin and not login.rolsuper and login.rolname <> session_user
          and pg_has_role(login.oid, 'muse_loader', 'member')
    ) then
        update muse.sources set added_by = session_user;
    end if;
end
$$;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)
