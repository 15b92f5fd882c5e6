"""the state of the crawl of Spotify: words, playlists, pages of tracks, and waits

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = """
create table if not exists muse_locks.spotify ();

-- One row. not_before: Spotify asked to send nothing before.
create table muse.spotify_state (
    only_row boolean primary key default true check (only_row),
    not_before timestamptz,
    reason text,
    search_size smallint not null default 50 check (search_size between 1 and 50),
    page_size smallint not null default 100 check (page_size between 1 and 100),
    requests bigint not null default 0,
    updated_at timestamptz not null default now()
);

create table muse.spotify_words (
    word text collate "C" primary key check (length(word) between 1 and 50),
    titles bigint not null default 0 check (titles >= 0),
    next_place integer not null default 0 check (next_place >= 0),
    results integer,
    found integer not null default 0,
    attempts smallint not null default 0,
    searched_at timestamptz,
    failure text
);
create index spotify_words_next on muse.spotify_words (titles desc, word)
where searched_at is null;

create table muse.spotify_playlists (
    number bigint generated always as identity primary key,
    spotify_id text collate "C" not null unique check (length(spotify_id) between 1 and 200),
    origin text not null check (origin in ('search', 'named', 'mine')),
    state text not null default 'waiting' check (
        state in ('waiting', 'loaded', 'withheld', 'gone', 'empty', 'failed', 'forgotten')
    ),
    reason text,
    title text,
    owner text,
    snapshot text,
    size integer,
    word text collate "C",
    place integer,
    next_place integer not null default 0 check (next_place >= 0),
    attempts smallint not null default 0,
    not_before timestamptz,
    found_at timestamptz not null default now(),
    checked_at timestamptz not null default now(),
    loaded_at timestamptz,
    places integer
);
create index spotify_playlists_waiting on muse.spotify_playlists (origin, number)
where state = 'waiting';
create index spotify_playlists_checked on muse.spotify_playlists (origin, checked_at)
where state = 'loaded';
create index spotify_playlists_owner on muse.spotify_playlists (owner) where owner is not null;

-- Pages of playlists of which further ones are missing.
create table muse.spotify_pages (
    number bigint not null references muse.spotify_playlists on delete cascade,
    place integer not null check (place >= 0),
    tracks jsonb not null check (jsonb_typeof(tracks) = 'array'),
    page_hash bytea not null,
    primary key (number, place)
);

grant select, insert, update, delete
on muse.spotify_state, muse.spotify_words, muse.spotify_playlists, muse.spotify_pages
to muse_loader;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)
