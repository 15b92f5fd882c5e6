"""stored topics are called as their folders, and a table of the names of models

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"

# The trigger would write the login that migrates into `added_by`.
TOPICS = """
do $$
declare
    has_trigger constant boolean := exists (
        select from pg_trigger
        where tgrelid = 'muse.sources'::regclass and tgname = 'note_login'
    );
begin
    if has_trigger then
        alter table muse.sources disable trigger note_login;
    end if;
    update muse.sources set topic = 'songs' where topic = 'playlists';
    if has_trigger then
        alter table muse.sources enable trigger note_login;
    end if;
end
$$;
comment on column muse.sources.topic is
'songs, wikidata, wikipedia, images or icons';
"""
MODEL_NAMES = """
create table muse.model_names (
    name text collate "C" primary key,
    topic text not null,
    is_shipped boolean not null,
    hint text not null
);
comment on table muse.model_names is
'One row a name that models are deployed under: select name, hint from model_names order by name';
comment on column muse.model_names.topic is 'The system that uses the model';
comment on column muse.model_names.is_shipped is 'Whether a trained one ships with the project';
comment on column muse.model_names.hint is 'What to do where no model of that name is live';
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TOPICS)
    raw.execute(MODEL_NAMES)
