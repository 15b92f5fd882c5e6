-- Views of stored samples of icons and hieroglyphs.

create or replace view muse.drawn_icons as
select
    sample.kind,
    sample.sample_id,
    icon.place::integer,
    sample.made_at,
    model.name as model,
    sample.model_id,
    sample.seed,
    (sample.parameters ->> 'temperature')::real as temperature,
    icon.item ->> 'label' as label,
    (icon.item ->> 'score')::real as score,
    (icon.item ->> 'nll')::real as nll,
    (icon.item ->> 'novelty')::integer as novelty,
    (icon.item ->> 'copy_of')::bigint as copy_of,
    (icon.item ->> 'bitmap')::bit varying as bitmap
from muse.samples as sample
left join muse.models as model on sample.model_id = model.model_id
cross join lateral jsonb_array_elements(sample.result) with ordinality as icon (item, place)
where sample.kind in ('icons', 'hieroglyphs');

comment on view muse.drawn_icons is
'One row per stored icon or sign drawn by a network: select kind, model, nll from drawn_icons';

create or replace view muse.icon_samples as
select
    drawn.sample_id,
    drawn.place,
    drawn.made_at,
    drawn.model,
    drawn.model_id,
    drawn.seed,
    drawn.temperature,
    drawn.label,
    drawn.score,
    drawn.nll,
    drawn.novelty,
    drawn.copy_of,
    drawn.bitmap,
    muse.icon_address(drawn.bitmap) as image
from muse.drawn_icons as drawn
where drawn.kind = 'icons';

comment on view muse.icon_samples is
'One row per stored icon of a network: select image, label, novelty from icon_samples limit 9';

create or replace view muse.hieroglyph_samples as
select
    drawn.sample_id,
    drawn.place,
    drawn.made_at,
    drawn.model,
    drawn.model_id,
    drawn.seed,
    drawn.temperature,
    drawn.label,
    drawn.score,
    drawn.nll,
    drawn.novelty,
    drawn.copy_of,
    drawn.bitmap,
    muse.icon_address(drawn.bitmap) as image
from muse.drawn_icons as drawn
where drawn.kind = 'hieroglyphs';

comment on view muse.hieroglyph_samples is
'One row per stored sign drawn by a network: select image, label, novelty from hieroglyph_samples';
