-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- load ----------------------------------------------------------------------------------------

-- name: select_stored
-- Files of a source whose sounds this version decoded, and this tagger heard.
select
    file.location,
    file.bytes,
    file.modified_at
from muse.sound_sources as file
inner join muse.sounds as sound on file.sound_id = sound.sound_id
where
    file.source_id = %(source_id)s
    and sound.version = %(version)s
    and (
        sound.parked is not null
        or exists (
            select from muse.sound_embeddings as heard
            where heard.sound_id = sound.sound_id and heard.model_id = %(tagger)s
        )
    );

-- name: select_tracks
select track.track_id
from muse.tracks as track
where track.track_id = any(%(ids)s);

-- name: upsert_sound
insert into muse.sounds as sound (sha256, seconds, rate, channels, patches, version, parked)
values (
    %(key)s, %(seconds)s, %(rate)s, %(channels)s, %(patches)s, %(version)s, %(parked)s
)
on conflict (sha256) do update set
    seconds = excluded.seconds,
    patches = excluded.patches,
    version = excluded.version,
    parked = excluded.parked,
    stored_at = now()
where sound.version < excluded.version;

-- name: upsert_embedding
insert into muse.sound_embeddings as heard (model_id, sound_id, embedding, tags)
select
    %(tagger)s,
    sound.sound_id,
    %(embedding)s,
    %(tags)s
from muse.sounds as sound
where sound.sha256 = %(key)s
on conflict (model_id, sound_id) do update set
    embedding = excluded.embedding,
    tags = excluded.tags;

-- name: select_replaced
select file.track_id
from muse.sound_sources as file
where file.source_id = %(source_id)s and file.location = any(%(locations)s);

-- name: upsert_file
insert into muse.sound_sources as file (
    sound_id, source_id, location, track_id, title, artist, album, licence, bytes, modified_at
)
select
    sound.sound_id,
    %(source_id)s,
    %(location)s,
    %(track_id)s,
    %(title)s,
    %(artist)s,
    %(album)s,
    %(licence)s,
    %(bytes)s,
    %(modified_at)s
from muse.sounds as sound
where sound.sha256 = %(key)s
on conflict (source_id, location) do update set
    sound_id = excluded.sound_id,
    track_id = excluded.track_id,
    title = excluded.title,
    artist = excluded.artist,
    album = excluded.album,
    licence = excluded.licence,
    bytes = excluded.bytes,
    modified_at = excluded.modified_at;

-- forget --------------------------------------------------------------------------------------

-- name: delete_source_files
delete from muse.sound_sources as file
where file.source_id = %(source_id)s
returning file.track_id;

-- name: delete_files
delete from muse.sound_sources as file
where file.source_id = %(source_id)s and file.sound_source_id = any(%(keys)s)
returning file.track_id;

-- name: delete_files_of_sound
delete from muse.sound_sources as file
where file.sound_id = %(sound_id)s
returning file.track_id;

-- train ---------------------------------------------------------------------------------------

-- name: create_songs
-- One row per song (all versions of a track), with the mean embedding of its sounds.
create temporary table songs on commit drop as
select
    heard.work,
    public.avg(embedding.embedding) as embedding
from (
    select distinct
        track.work,
        file.sound_id
    from muse.sound_sources as file
    inner join muse.tracks as track on file.track_id = track.track_id
) as heard
inner join muse.sound_embeddings as embedding
    on heard.sound_id = embedding.sound_id and embedding.model_id = %(tagger)s
group by heard.work;

-- name: select_centre
select
    public.avg(song.embedding) as centre,
    count(*) as songs
from pg_temp.songs as song;

-- name: fill_vectors
-- In random order, so that the first rows are a sample.
insert into {part} (model_id, track_id, embedding)
select
    %(model_id)s,
    version.track_id,
    public.l2_normalize(
        song.embedding operator(public.-) %(centre)s::public.vector -- noqa: LT01
    ) as embedding
from pg_temp.songs as song
inner join muse.tracks as version on song.work = version.work
where (song.embedding operator(public.<->) %(centre)s::public.vector) > 1e-6 -- noqa: LT01
order by hashtextextended(version.track_id, 0);

-- name: select_labelled
-- Songs of artists of whom there are several, in an order that is random and repeatable.
with named as (
    select
        song.work,
        song.embedding,
        min(track.artist) as artist
    from pg_temp.songs as song
    inner join muse.tracks as track on song.work = track.work
    where track.artist is not null
    group by song.work, song.embedding
)

select
    named.work,
    named.embedding,
    named.artist
from named
where
    named.artist in (
        select several.artist from named as several
        group by several.artist
        having count(*) > 1
    )
order by hashtextextended(named.artist, 0), named.work
limit %(songs)s;

-- name: delete_old_embeddings
-- Of taggers that neither hear new sounds nor made a model that transactions still read.
delete from muse.sound_embeddings as embedding
where
    embedding.model_id not in (
        select live.model_id from muse.deployments as live
        where live.name = 'tagger'
        union all
        select (model.config ->> 'tagger')::bigint
        from muse.deployments as live
        inner join muse.models as model on model.model_id in (live.model_id, live.previous_id)
        where live.name = 'sounds'
    );

-- name: count_without_vector
select muse.sounds_without_vector();

-- search --------------------------------------------------------------------------------------

-- name: songs_by_sound
select
    near.similarity,
    near.artist,
    near.name,
    near.track_id
from
    muse.songs_by_sound(
        muse.centred_sound(muse.live_model('sounds'), %(embedding)s::public.vector), %(n)s::integer
    ) with ordinality as near
order by near.ordinality;

-- name: select_search_tagger
-- The tagger of the live model.
select
    tagger.config,
    tagger.content
from muse.deployments as live
inner join muse.models as model on live.model_id = model.model_id
inner join muse.models as tagger on model.config ->> 'tagger' = tagger.model_id::text
where live.name = 'sounds' and tagger.content is not null;
