-- Search by the bytes of a WAV file.
--
-- Files are passed as bytes: \set s `base64 -w0 song.wav` and decode(:'s', 'base64') in psql.
-- ./pgmuse search FILE reads FLAC, Ogg, Opus and MP3 too.

create or replace function muse.sound_features(
    wav muse.wav, model_id bigint, out embedding real[], out tags real[]
)
language plpython3u stable parallel restricted cost 1000000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import sounds
    return sounds.features(plpy, GD, wav, model_id)
$$;

comment on function muse.sound_features(muse.wav, bigint) is
'Embedding and scores of tags of a WAV file by a tagger, null for null: select sound_features(null, sound_tagger())';  -- noqa: LT05

create or replace function muse.sounds_like(wav bytea, n integer default 10)
returns setof muse.similar_sound
language plpgsql stable parallel restricted rows 10 cost 1000000
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    live constant bigint := muse.live_model('sounds');
    heard public.vector;
begin
    perform muse.check_n(sounds_like.n);
    if sounds_like.wav is null then
        return;
    end if;
    select features.embedding::public.vector into heard
    from muse.sound_features(sounds_like.wav, muse.sound_tagger()) as features;
    return query
    select near.*
    from muse.songs_by_sound(muse.centred_sound(live, heard), sounds_like.n) as near;
end
$$;

comment on function muse.sounds_like(bytea, integer) is
'Tracks that sound like a WAV file, most alike first, no row for null: select * from sounds_like(null)';  -- noqa: LT05
