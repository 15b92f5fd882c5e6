-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- load ----------------------------------------------------------------------------------------

-- name: create_staging
create temporary table new_labels (
    line integer, own_id text, track_id text, name text, artist text, label text, stored text
) on commit drop;

-- name: find_tracks
-- The track with the id as it stands in the file, or as playlists have it, else the most played
-- version of the song with the names.
update pg_temp.new_labels as entry set stored = coalesce(
    (
        select track.track_id from muse.tracks as track
        where track.track_id = entry.own_id
    ),
    (
        select track.track_id from muse.tracks as track
        where track.track_id = entry.track_id
    ),
    (
        select version.track_id from muse.tracks as version
        where version.work = muse.work_key(entry.track_id, entry.name, entry.artist)
        order by version.places desc, version.track_id asc
        limit 1
    )
);

-- name: select_unknown
select
    entry.line,
    entry.track_id
from pg_temp.new_labels as entry
where entry.stored is null
order by entry.line;

-- name: count_labels
-- Labels that are stored already, and all.
select
    count(*) filter (where stored.label = entry.label) as same,
    count(*) as entries
from (
    select distinct on (one.stored)
        one.stored as track_id,
        one.label
    from pg_temp.new_labels as one
    where one.stored is not null
    order by one.stored asc, one.line desc
) as entry
left join muse.song_labels as stored
    on
        entry.track_id = stored.track_id
        and stored.kind = %(kind)s
        and stored.source_id = %(source_id)s;

-- name: delete_labels
delete from muse.song_labels as stored
where stored.source_id = %(source_id)s and stored.kind = %(kind)s;

-- name: delete_source_labels
delete from muse.song_labels as stored
where stored.source_id = %(source_id)s;

-- name: insert_labels
-- Of a track with several rows the last one counts.
insert into muse.song_labels as stored (kind, track_id, label, source_id)
select distinct on (entry.stored)
    %(kind)s,
    entry.stored,
    entry.label,
    %(source_id)s
from pg_temp.new_labels as entry
where entry.stored is not null
order by entry.stored asc, entry.line desc;

-- train ---------------------------------------------------------------------------------------

-- name: create_labelled
-- One row per song, as all versions of a track, with its label.
create temporary table labelled (work text primary key, label text not null) on commit drop;

-- name: label_by_artist
-- The commonest spelling of the name stands for the others.
with named as (
    select
        track.work,
        track.track_id,
        track.places,
        track.artist,
        muse.spelling(track.artist) as spelling
    from muse.tracks as track
    where muse.artist_of_work(track.artist) is not null
),

shown as (
    select
        named.spelling,
        mode() within group (order by named.artist) as label
    from named
    group by named.spelling
)

insert into pg_temp.labelled (work, label)
select distinct on (named.work)
    named.work,
    shown.label
from named
inner join shown on named.spelling = shown.spelling
order by named.work asc, named.places desc, named.track_id asc;

-- name: label_by_folder
-- The path of the folder that holds the file: many albums have a folder CD1. Files of the source
-- itself have none.
insert into pg_temp.labelled (work, label)
select distinct on (track.work)
    track.work,
    substring(file.location from '^(.+)/') as label
from muse.sound_sources as file
inner join muse.tracks as track on file.track_id = track.track_id
where file.location like '%%/%%'
order by track.work asc, file.sound_source_id asc;

-- name: label_by_files
-- Of several files that label one track the one that was added last counts, whatever was reloaded.
insert into pg_temp.labelled (work, label)
select distinct on (track.work)
    track.work,
    stored.label
from muse.song_labels as stored
inner join muse.tracks as track on stored.track_id = track.track_id
where stored.kind = %(kind)s
order by track.work asc, track.places desc, track.track_id asc, stored.source_id desc;

-- name: select_songs
-- Labelled songs with a vector, in an order that is random and repeatable. All versions of a song
-- stay together.
select
    labelled.label,
    song.embedding as song,
    sound.embedding as sound
from pg_temp.labelled as labelled
left join lateral (
    select -- noqa: LT09
        vectors.input_vector operator(public.||) vectors.context_vector as embedding -- noqa: LT01
    from muse.tracks as version
    inner join muse.song_vectors as vectors on version.track_id = vectors.track_id
    where version.work = labelled.work and vectors.model_id = %(song_model)s
    order by version.places desc, version.track_id asc
    limit 1
) as song on true
left join lateral (
    select vectors.embedding
    from muse.tracks as version
    inner join muse.sound_vectors as vectors on version.track_id = vectors.track_id
    where version.work = labelled.work and vectors.model_id = %(sound_model)s
    order by version.places desc, version.track_id asc
    limit 1
) as sound on true
where song.embedding is not null or sound.embedding is not null
order by hashtextextended(labelled.work, %(seed)s)
limit %(songs)s;

-- name: select_outdated
-- Live classifiers whose vectors are not those of the live models any more, or whose labels
-- changed.
select
    live.name,
    model.config
from muse.deployments as live
inner join muse.models as model on live.model_id = model.model_id
left join muse.deployments as song on song.name = 'songs'
left join muse.deployments as sound on sound.name = 'sounds'
where
    starts_with(live.name, 'labels_')
    and (
        song.model_id is distinct from (model.config ->> 'song_model')::bigint
        or sound.model_id is distinct from (model.config ->> 'sound_model')::bigint
        or exists (
            select from muse.sources as source
            where
                source.topic = 'sounds'
                and source.options -> 'labels' ? (model.config ->> 'kind')
                and source.loaded_at > model.made_at
        )
    )
order by live.name;
