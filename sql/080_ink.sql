-- Deep Ink: live layers, and stored drawings.

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
    order by (model.config ->> 'depth')::integer;
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
    'data:image/png;base64,' || (sample.result ->> 'png') as picture
from muse.samples as sample
where sample.kind = 'ink';

comment on view muse.ink_samples is
'One row per stored drawing of Deep Ink: select layer, channel, score, seen_as from ink_samples';
