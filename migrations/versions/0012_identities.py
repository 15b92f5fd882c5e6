"""playlists go by the paths of their files, and what is made of a picture leaves with it

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = """
alter table muse.playlists add column file_key text;
alter table muse.playlists add column copies bigint[] not null default '{}';
create index playlists_copies on muse.playlists (content_hash) where file_key is not null;
comment on column muse.playlists.identity is
'Its address where it has one, else the path of its file with its number or title there';
comment on column muse.playlists.file_key is
'What it has in common with copies in other files of that name; null where it has an address';
comment on column muse.playlists.copies is
'Sources that hold a copy: they are read again when it changes';

-- So far an identity held the name of a file without its folder. Of an archive's members the
-- folder is not known: the next load of the archive completes it.
with named as (
    select
        playlist.playlist_id,
        playlist.identity,
        source.location,
        regexp_replace(
            regexp_replace(source.location, '^.*/', ''), '\\.(gz|bz2|zip)$', '', 'i'
        ) as plain
    from muse.playlists as playlist
    inner join muse.sources as source on source.source_id = playlist.source_id
    where source.topic = 'playlists' and length(source.location) <= 900
        and (
            source.location ~ '^/' and source.location !~ '^/(proc|dev)/'
            or source.location = 'standard input' and playlist.identity !~ '^standard input#'
        )
        and playlist.identity ~ '#'
        and split_part(playlist.identity, '#', 1) !~ '://|^spotify:'
),
whole as (
    select
        named.playlist_id,
        regexp_replace(named.identity, '^[^#]*/', '') as file_key,
        case
            when named.location !~* '\\.zip$' and starts_with(named.identity, named.plain || '#')
                then named.location || substr(named.identity, length(named.plain) + 1)
            else named.location || '/' || named.identity
        end as identity
    from named
)
update muse.playlists as playlist set identity = whole.identity, file_key = whole.file_key
from whole
where whole.playlist_id = playlist.playlist_id and length(whole.identity) <= 2000;

-- What standard input does not name is told apart by its content.
update muse.playlists set identity = identity || ':' || encode(content_hash, 'hex')
where identity in ('standard input#standard input', 'standard input#untitled');

-- sql/ has what it does; here it is only there for the trigger.
create function muse.delete_made_of_images() returns trigger language plpgsql
as 'begin return null; end';
create trigger delete_made_of after delete on muse.images
referencing old table as gone
for each statement execute function muse.delete_made_of_images();
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)  # as it stands: alembic's own ways trip over : and %
