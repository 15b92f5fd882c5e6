-- Labels of songs that files give, and classifiers that tell the label of other songs.

select pg_temp.describe(
    'muse.song_labels',
    'One row per kind, track and file that gives its label: select kind, label, count(*) from '
    'song_labels group by kind, label limit 9',
    'kind', 'Kind of the label, such as genre (part of the key)',
    'track_id', 'Id of the track (part of the key, references tracks.track_id)',
    'label', 'The label',
    'source_id',
    'Id of the file that has the label; the one that was added last counts (part of the key, '
    'references sources.source_id)'
);

select pg_temp.describe(
    'muse.label_weights',
    'One row per model, evidence and label: select evidence, label, songs from label_weights '
    'limit 9',
    'model_id', 'Id of the model (part of the key, references models.model_id)',
    'evidence', 'What the weights are for: playlists, sound or both (part of the key)',
    'label', 'The label (part of the key)',
    'songs', 'Number of songs with the label that the weights were learned from',
    'bias', 'Logit of the label for a song whose vectors are 0',
    'song_weights',
    'Weights of input_vector and context_vector of song_vectors, 128 numbers; null for sound',
    'sound_weights',
    'Weights of the vector in sound_vectors, 200 numbers; null for playlists'
);

-- label_kinds -----------------------------------------------------------------------------

create or replace view muse.label_kinds as
select
    substring(live.name from 8) as kind,
    learned.evidence,
    (learned.metrics ->> 'labels')::integer as labels,
    (learned.metrics ->> 'songs')::integer as songs,
    (learned.metrics ->> 'held_out')::integer as held_out,
    (learned.metrics ->> 'accuracy')::real as accuracy,
    (learned.metrics ->> 'log_loss')::real as log_loss,
    (learned.metrics ->> 'log_loss_of_prior')::real as log_loss_of_prior,
    (learned.metrics ->> 'ece')::real as ece,
    live.model_id
from muse.deployments as live
inner join muse.models as model on live.model_id = model.model_id
cross join lateral jsonb_each(model.metrics) as learned (evidence, metrics)
where starts_with(live.name, 'labels_');

comment on view muse.label_kinds is
'One row per kind of label that classify_song() knows, and evidence: select * from label_kinds';
comment on column muse.label_kinds.kind is 'Kind of the labels, such as artist (part of the key)';
comment on column muse.label_kinds.evidence is
'What decides: playlists, sound or both (part of the key)';
comment on column muse.label_kinds.labels is 'Number of labels that are told apart';
comment on column muse.label_kinds.songs is 'Number of songs that the labels were learned from';
comment on column muse.label_kinds.held_out is
'Number of songs that were held out of a first training to measure it';
comment on column muse.label_kinds.accuracy is
'Share of the held-out songs whose likeliest label is right';
comment on column muse.label_kinds.log_loss is
'Mean of minus the logarithm of the probability of the right label, on the held-out songs';
comment on column muse.label_kinds.log_loss_of_prior is
'The same where each label has its share of the songs as probability';
comment on column muse.label_kinds.ece is
'Expected calibration error: mean difference between probability and accuracy, in 15 bins';
comment on column muse.label_kinds.model_id is 'Id of the model (references models.model_id)';

-- classify_song ---------------------------------------------------------------------------

create or replace function muse.label_model(kind text)
returns bigint
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    live bigint;
begin
    perform muse.check_length(label_model.kind, 'kind', 100);
    select deployment.model_id into live
    from muse.deployments as deployment
    where deployment.name = 'labels_' || label_model.kind;
    if live is null then
        raise exception 'no model of labels of kind %, there are: %',
            coalesce(quote_literal(label_model.kind), 'null'),
            coalesce(
                (select string_agg(distinct known.kind, ', ') from muse.label_kinds as known), 'none'
            )
        using errcode = '42704', hint = 'run: ./pgmuse train labels --kind KIND';
    end if;
    return live;
end
$$;

comment on function muse.label_model(text) is
'Id of the live model of a kind of labels: select kind, label_model(kind) from label_kinds';

-- The richest evidence that the model has weights for. The vectors are those that the weights were
-- learned from, although newer ones may be live.
create or replace function muse.classify_song(track_id text, kind text, n integer default 5)
returns table (label text, probability real, evidence text)
language plpgsql stable parallel safe rows 5
set search_path = pg_catalog, muse, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    live bigint;
    settings jsonb;
    seed_id text;
    song_work text;
    song public.vector;
    sound public.vector;
    used text;
begin
    perform muse.check_n(classify_song.n);
    perform muse.check_length(classify_song.track_id, 'track_id', 10000);
    live := muse.label_model(classify_song.kind);
    perform muse.check_snapshot('label_weights', live);
    select model.config into settings from muse.models as model where model.model_id = live;
    seed_id := muse.one_track(classify_song.track_id);
    select track.work into song_work from muse.tracks as track where track.track_id = seed_id;
    -- The track itself, else its most played version that has a vector.
    select vectors.input_vector operator(public.||) vectors.context_vector into song  -- noqa: LT01
    from muse.tracks as version
    inner join muse.song_vectors as vectors on version.track_id = vectors.track_id
    where
        version.work = song_work and vectors.model_id = (settings ->> 'song_model')::bigint
    order by version.track_id = seed_id desc, version.places desc, version.track_id
    limit 1;
    select vectors.embedding into sound
    from muse.tracks as version
    inner join muse.sound_vectors as vectors on version.track_id = vectors.track_id
    where
        version.work = song_work and vectors.model_id = (settings ->> 'sound_model')::bigint
    order by version.track_id = seed_id desc, version.places desc, version.track_id
    limit 1;
    select fitting.evidence into used
    from unnest(array['both', 'playlists', 'sound']) with ordinality as fitting (evidence, place)
    where
        settings -> 'temperatures' ? fitting.evidence
        and (song is not null or fitting.evidence = 'sound')
        and (sound is not null or fitting.evidence = 'playlists')
    order by fitting.place
    limit 1;
    if used is null then
        raise notice 'track % cannot be classified: %', left(classify_song.track_id, 300),
            case
                when seed_id is null then 'it is unknown'
                when song is null and sound is null
                    then 'it has neither playlists nor a sound in the models of these labels'
                when sound is null then 'it has playlists only, and these labels need its sound'
                else 'it has a sound only, which does not tell these labels'
            end
        using hint = 'find_songs() finds tracks; ./pgmuse train labels learns from new vectors';
        return;
    end if;
    return query
    with scored as (
        select
            weights.label,
            (
                weights.bias
                - coalesce(weights.song_weights operator(public.<#>) song, 0)
                - coalesce(weights.sound_weights operator(public.<#>) sound, 0)
            ) / (settings -> 'temperatures' ->> used)::double precision as logit
        from muse.label_weights as weights
        where weights.model_id = live and weights.evidence = used
    ),

    -- Less than -80 would underflow.
    risen as (
        select scored.label, exp(greatest(scored.logit - max(scored.logit) over (), -80)) as weight
        from scored
    )

    select
        risen.label,
        (risen.weight / sum(risen.weight) over ())::real,
        case used when 'both' then 'playlists and sound' else used end
    from risen
    order by risen.weight desc, risen.label
    limit classify_song.n;
end
$$;

comment on function muse.classify_song(text, text, integer) is
'Labels of a track with calibrated probabilities, and whether playlists or sound decided: select answer.* from label_kinds, classify_song((select max(track_id) from tracks), kind) as answer';  -- noqa: LT05
