"""pictures, where they were found, addresses still to fetch, and what a classifier makes of them

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
create table muse.images (
    image_id bigint generated always as identity primary key,
    sha256 bytea not null unique check (octet_length(sha256) = 32),
    thumbnail bytea not null check (
        octet_length(thumbnail) <= 4194304 and (
            substring(thumbnail from 1 for 3) = '\\xffd8ff'::bytea
            or substring(thumbnail from 1 for 4) = 'RIFF'::bytea
            and substring(thumbnail from 9 for 4) = 'WEBP'::bytea
        )
    ),
    perceptual_hash bit(64) not null,
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    stored_at timestamptz not null default now(),
    attempts smallint not null default 0 check (attempts between 0 and 3),
    parked text
) with (fillfactor = 90);  -- attempts are counted in place
alter table muse.images alter column thumbnail set storage external;  -- it does not compress
-- near_duplicates reads every hash: exact, and the index is a third of the table.
create index images_hashes on muse.images (perceptual_hash) include (image_id);
create index on muse.images (image_id) where parked is not null;
comment on table muse.images is
'One row a picture, whatever its sources: select image_id, width, height from images limit 9';
comment on column muse.images.sha256 is 'Of the bytes that the thumbnail was made from';
comment on column muse.images.thumbnail is
'JPEG or WebP, short side 320 at most; vectors are made from it';
comment on column muse.images.perceptual_hash is
'Differs in few bits from that of nearly the same picture: see near_duplicates';
comment on column muse.images.width is 'In pixels, of the bytes it came as, as a person sees it';
comment on column muse.images.attempts is
'How often embedding it was begun and not finished; a picture is tried three times';
comment on column muse.images.parked is 'Why it has no vector and will get none; null otherwise';

create table muse.image_sources (
    image_source_id bigint generated always as identity primary key,
    image_id bigint not null references muse.images on delete cascade,
    source_id bigint not null references muse.sources,
    location text not null check (location <> '' and length(location) <= 4000),
    title text,
    class text,
    wikidata_id text collate "C" check (wikidata_id ~ '^Q[1-9][0-9]*$'),
    article text,
    page_url text check (page_url ~ '^https?://'),
    licence text,
    licence_url text check (licence_url ~ '^https?://'),
    author text,
    unique nulls not distinct (source_id, location, wikidata_id)
);
create index on muse.image_sources (image_id);
create index on muse.image_sources (class);
create index on muse.image_sources (wikidata_id);
create index on muse.image_sources (location);
comment on table muse.image_sources is
'One row a place where a picture was found: select title, class, page_url from image_sources';
comment on column muse.image_sources.location is
'Its path in the folder or archive, or the address it was fetched for';
comment on column muse.image_sources.class is
'What it shows: the folder it was in, or a class of Wikidata';
comment on column muse.image_sources.wikidata_id is 'The item whose picture it is';
comment on column muse.image_sources.article is
'The article of the English Wikipedia that it stands in, where it comes from there';
comment on column muse.image_sources.page_url is 'The page that tells about it';

create table muse.image_fetches (
    fetch_id bigint generated always as identity primary key,
    source_id bigint not null references muse.sources on delete cascade,
    address text not null check (address ~ '^https?://' and length(address) <= 4000),
    host text not null check (host = lower(host) and host <> ''),
    title text,
    class text,
    wikidata_id text collate "C" check (wikidata_id ~ '^Q[1-9][0-9]*$'),
    article text,
    commons_file text check (commons_file <> ''),
    download_url text check (download_url ~ '^https?://'),
    page_url text check (page_url ~ '^https?://'),
    licence text,
    licence_url text check (licence_url ~ '^https?://'),
    author text,
    state text not null default 'waiting' check (state in ('waiting', 'done', 'failed')),
    attempts smallint not null default 0 check (attempts >= 0),
    not_before timestamptz not null default now(),
    lease uuid,
    leased_until timestamptz,
    error text,
    finished_at timestamptz,
    unique nulls not distinct (source_id, address, wikidata_id),
    check ((lease is null) = (leased_until is null)),
    check ((state = 'waiting') = (finished_at is null))
) with (fillfactor = 80);
create index image_fetches_waiting on muse.image_fetches (host, fetch_id)
where state = 'waiting';
create index image_fetches_leased on muse.image_fetches (host, leased_until)
where lease is not null;
create index on muse.image_fetches (address);
comment on table muse.image_fetches is
'One row an address to fetch, and what for: select state, count(*) from image_fetches group by 1';
comment on column muse.image_fetches.host is 'Whose limits hold: see image_hosts';
comment on column muse.image_fetches.commons_file is
'The file''s name in Wikimedia Commons, which is asked for licence, author and a fitting size';
comment on column muse.image_fetches.download_url is
'Where the bytes are; null until it is known';
comment on column muse.image_fetches.attempts is 'Counted when one begins, so a crash counts too';
comment on column muse.image_fetches.not_before is 'Nobody takes it before';
comment on column muse.image_fetches.lease is
'Who has it, until leased_until: who is killed gives it back by saying nothing more';

create table muse.image_hosts (
    host text primary key check (host = lower(host) and host <> ''),
    at_once smallint not null default 2 check (at_once between 1 and 100),
    bits_per_second bigint not null default 25000000 check (bits_per_second > 0),
    requests_per_minute integer not null default 200 check (requests_per_minute > 0),
    not_before timestamptz not null default now(),
    failures integer not null default 0 check (failures >= 0)
);
comment on table muse.image_hosts is
'One row a host that pictures are fetched from, with its limits: select * from image_hosts';
comment on column muse.image_hosts.at_once is 'Downloads at once, of all workers everywhere';
comment on column muse.image_hosts.bits_per_second is 'Of all workers everywhere';
comment on column muse.image_hosts.not_before is 'The next request of any worker may start then';
comment on column muse.image_hosts.failures is 'In a row: each doubles the wait';

-- A partition is attached empty and filled after that, so that what is forgotten leaves it too. No
-- foreign key leads to images: dropping a partition would wait for everybody who reads pictures.
create table muse.image_vectors (
    model_id bigint not null,
    image_id bigint not null,
    embedding public.halfvec(1280) not null check (
        public.l2_norm(embedding) between 0.99 and 1.01
    ),
    label smallint check (label >= 0),
    probability real check (probability between 0 and 1),
    primary key (model_id, image_id)
) partition by list (model_id);
-- Half a page inline: an exact scan reads no second table.
alter table muse.image_vectors alter column embedding set storage plain;
comment on table muse.image_vectors is
'One row a picture that a classifier has seen: select image_id, embedding from image_vectors';
comment on column muse.image_vectors.embedding is 'The average pool of 1,280, unit length';
comment on column muse.image_vectors.label is 'Number of the classifier''s likeliest label';
comment on column muse.image_vectors.probability is 'Of that label';

create table muse.image_neighborhoods (
    model_id bigint not null references muse.models on delete cascade,
    image_id bigint not null references muse.images on delete cascade,
    distances real[] not null check (
        cardinality(distances) > 0 and array_ndims(distances) = 1
        and array_position(distances, null) is null
    ),
    primary key (model_id, image_id)
);
create index on muse.image_neighborhoods (image_id);
comment on table muse.image_neighborhoods is
'One row a picture, with how crowded it is around it: select * from image_neighborhoods limit 9';
comment on column muse.image_neighborhoods.distances is
'Cosine distances to its nearest other pictures, ascending';


grant insert, update, delete on muse.images, muse.image_sources, muse.image_fetches,
muse.image_hosts, muse.image_neighborhoods to muse_loader;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)  # as it stands: alembic's own ways trip over : and %
