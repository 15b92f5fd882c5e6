-- Deep Ink: live layers, and stored drawings.
--
-- Layers of EfficientNet-Lite0 have plain names; those of Lite1 and Lite2 have a prefix, lite2_.

create or replace function muse.ink_layers()
returns table (layer text, channels integer, size integer)
language sql stable parallel safe rows 10
begin atomic
    select
        model.config ->> 'layer' as layer,
        (model.config ->> 'channels')::integer as channels,
        (model.config ->> 'size')::integer as size
    from muse.deployments as live
    inner join muse.models as model on live.model_id = model.model_id
    where live.name like 'ink\_%'
    order by model.config ->> 'network', (model.config ->> 'depth')::integer;
end;

comment on function muse.ink_layers() is
'Live layers of Deep Ink, the shallowest first: select * from ink_layers()';

create or replace view muse.ink_samples as
select
    sample.sample_id,
    sample.made_at,
    sample.model_id,
    sample.parameters ->> 'layer' as layer,
    sample.parameters ->> 'channel' as channel,
    sample.parameters ->> 'label' as label,
    sample.seed,
    (sample.result ->> 'steps')::integer as steps,
    (sample.result ->> 'start_score')::real as start_score,
    (sample.result ->> 'score')::real as score,
    (sample.result ->> 'ink')::integer as ink,
    sample.result ->> 'seen_as' as seen_as,
    (sample.result ->> 'probability')::real as probability,
    sample.parameters,
    'data:image/gif;base64,' || (sample.result ->> 'gif') as animation,
    'data:image/png;base64,' || (sample.result ->> 'png') as picture,
    sample.parameters::text as parameters_text,
    muse.picture_url('/samples/' || sample.sample_id || '.png') as picture_url,
    muse.picture_url('/samples/' || sample.sample_id || '.gif') as animation_url
from muse.samples as sample
where sample.kind = 'ink';

comment on view muse.ink_samples is
'One row per stored drawing of Deep Ink: select layer, channel, score, seen_as from ink_samples';
comment on column muse.ink_samples.sample_id is
'Id of the sample (key, references samples.sample_id)';
comment on column muse.ink_samples.made_at is 'Time at which the sample was stored';
comment on column muse.ink_samples.model_id is 'Id of the model (references models.model_id)';
comment on column muse.ink_samples.layer is
'Layer of the network that was drawn for; class where it was a label';
comment on column muse.ink_samples.channel is
'Number of the channel of the layer; null where it was a label';
comment on column muse.ink_samples.label is
'Label of the classifier that was drawn for; null where it was a channel';
comment on column muse.ink_samples.seed is
'Seed of the random numbers; the same seed gives the same drawing';
comment on column muse.ink_samples.steps is 'Number of steps';
comment on column muse.ink_samples.start_score is 'Score of the start, a mean activation';
comment on column muse.ink_samples.score is
'Score of the drawing, a mean activation; higher is better';
comment on column muse.ink_samples.ink is 'Number of pixels that are ink';
comment on column muse.ink_samples.seen_as is 'Likeliest label of the classifier for the drawing';
comment on column muse.ink_samples.probability is 'Probability of that label, 0 to 1';
comment on column muse.ink_samples.parameters is
'Arguments of deep_ink that were not the default, a JSON object';
comment on column muse.ink_samples.animation is 'All frames as a data: address of an animated GIF';
comment on column muse.ink_samples.picture is 'The drawing as a data: address of a PNG';
comment on column muse.ink_samples.parameters_text is 'The parameters as text';
comment on column muse.ink_samples.picture_url is
'Address of the picture at a web service; null until muse.picture_base is set';
comment on column muse.ink_samples.animation_url is
'Address of the animation at a web service; null until muse.picture_base is set';
