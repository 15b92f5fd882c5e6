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
    (icon.item ->> 'bitmap')::bit varying as bitmap,
    (icon.item ->> 'bitmap')::bit varying::text as bitmap_text,
    muse.icon_address((icon.item ->> 'bitmap')::bit varying) as picture,
    muse.picture_url('/samples/' || sample.sample_id || '/' || icon.place || '.png') as picture_url,
    icon.item ->> 'object' as object,
    (icon.item ->> 'object_score')::real as object_score,
    (icon.item ->> 'realness')::real as realness
from muse.samples as sample
left join muse.models as model on sample.model_id = model.model_id
cross join lateral jsonb_array_elements(sample.result) with ordinality as icon (item, place)
where sample.kind in ('icons', 'hieroglyphs');

comment on view muse.drawn_icons is
'One row per stored icon or sign drawn by a network: select kind, model, nll from drawn_icons';
comment on column muse.drawn_icons.kind is 'icons or hieroglyphs';
comment on column muse.drawn_icons.sample_id is
'Id of the sample (part of the key, references samples.sample_id)';
comment on column muse.drawn_icons.place is 'Position within the sample, from 1 (part of the key)';
comment on column muse.drawn_icons.made_at is 'Time at which the sample was stored';
comment on column muse.drawn_icons.model is 'Name of the network';
comment on column muse.drawn_icons.model_id is 'Id of the model (references models.model_id)';
comment on column muse.drawn_icons.seed is
'Seed of the random numbers; the same seed gives the same bitmaps';
comment on column muse.drawn_icons.temperature is
'Temperature of sampling: below 1 likelier bitmaps, above 1 more varied ones';
comment on column muse.drawn_icons.label is
'Likeliest word, by a network that learned the names of icons; of signs null';
comment on column muse.drawn_icons.score is 'Probability of the label, 0 to 1';
comment on column muse.drawn_icons.object is
'Likeliest label of the classifier of photos; null where it was not run';
comment on column muse.drawn_icons.object_score is 'Probability of the object, 0 to 1';
comment on column muse.drawn_icons.realness is
'Probability that it is a real icon, by the judge of the network; null without a judge';
comment on column muse.drawn_icons.nll is
'Negative log-likelihood under the network, in bits a pixel; lower is likelier';
comment on column muse.drawn_icons.novelty is
'Number of pixels that differ from the nearest stored icon';
comment on column muse.drawn_icons.copy_of is
'Id of the stored icon that is equal; null if none (references icons.icon_id)';
comment on column muse.drawn_icons.bitmap is
'The bitmap, size x size bits, row by row from the top left, 1 is ink';
comment on column muse.drawn_icons.bitmap_text is
'The bitmap as text of 0 and 1, row by row from the top left, 1 is ink';
comment on column muse.drawn_icons.picture is
'The bitmap as a data: address of an SVG, 128 x 128 pixels';
comment on column muse.drawn_icons.picture_url is
'Address of the picture at a web service; null until muse.picture_base is set';

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
    drawn.picture as image,
    drawn.bitmap_text,
    drawn.picture,
    drawn.picture_url,
    drawn.object,
    drawn.object_score,
    drawn.realness
from muse.drawn_icons as drawn
where drawn.kind = 'icons';

comment on view muse.icon_samples is
'One row per stored icon of a network: select picture, label from icon_samples limit 9';
comment on column muse.icon_samples.sample_id is
'Id of the sample (part of the key, references samples.sample_id)';
comment on column muse.icon_samples.place is 'Position within the sample, from 1 (part of the key)';
comment on column muse.icon_samples.made_at is 'Time at which the sample was stored';
comment on column muse.icon_samples.model is 'Name of the network';
comment on column muse.icon_samples.model_id is 'Id of the model (references models.model_id)';
comment on column muse.icon_samples.seed is
'Seed of the random numbers; the same seed gives the same bitmaps';
comment on column muse.icon_samples.temperature is
'Temperature of sampling: below 1 likelier bitmaps, above 1 more varied ones';
comment on column muse.icon_samples.label is
'Likeliest word, by a network that learned the names of icons; of signs null';
comment on column muse.icon_samples.score is 'Probability of the label, 0 to 1';
comment on column muse.icon_samples.object is
'Likeliest label of the classifier of photos; null where it was not run';
comment on column muse.icon_samples.object_score is 'Probability of the object, 0 to 1';
comment on column muse.icon_samples.realness is
'Probability that it is a real icon, by the judge of the network; null without a judge';
comment on column muse.icon_samples.nll is
'Negative log-likelihood under the network, in bits a pixel; lower is likelier';
comment on column muse.icon_samples.novelty is
'Number of pixels that differ from the nearest stored icon';
comment on column muse.icon_samples.copy_of is
'Id of the stored icon that is equal; null if none (references icons.icon_id)';
comment on column muse.icon_samples.bitmap is
'The bitmap, size x size bits, row by row from the top left, 1 is ink';
comment on column muse.icon_samples.image is 'Deprecated, the same as picture';
comment on column muse.icon_samples.bitmap_text is
'The bitmap as text of 0 and 1, row by row from the top left, 1 is ink';
comment on column muse.icon_samples.picture is
'The icon as a data: address of an SVG, 128 x 128 pixels';
comment on column muse.icon_samples.picture_url is
'Address of the picture at a web service; null until muse.picture_base is set';

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
    drawn.picture as image,
    drawn.bitmap_text,
    drawn.picture,
    drawn.picture_url,
    drawn.object,
    drawn.object_score,
    drawn.realness
from muse.drawn_icons as drawn
where drawn.kind = 'hieroglyphs';

comment on view muse.hieroglyph_samples is
'One row per stored sign drawn by a network: select picture, label from hieroglyph_samples';
comment on column muse.hieroglyph_samples.sample_id is
'Id of the sample (part of the key, references samples.sample_id)';
comment on column muse.hieroglyph_samples.place is
'Position within the sample, from 1 (part of the key)';
comment on column muse.hieroglyph_samples.made_at is 'Time at which the sample was stored';
comment on column muse.hieroglyph_samples.model is 'Name of the network';
comment on column muse.hieroglyph_samples.model_id is
'Id of the model (references models.model_id)';
comment on column muse.hieroglyph_samples.seed is
'Seed of the random numbers; the same seed gives the same bitmaps';
comment on column muse.hieroglyph_samples.temperature is
'Temperature of sampling: below 1 likelier bitmaps, above 1 more varied ones';
comment on column muse.hieroglyph_samples.label is
'Likeliest word, by a network that learned the names of icons; of signs null';
comment on column muse.hieroglyph_samples.score is 'Probability of the label, 0 to 1';
comment on column muse.hieroglyph_samples.object is
'Likeliest label of the classifier of photos; null where it was not run';
comment on column muse.hieroglyph_samples.object_score is 'Probability of the object, 0 to 1';
comment on column muse.hieroglyph_samples.realness is
'Probability that it is a real icon, by the judge of the network; null without a judge';
comment on column muse.hieroglyph_samples.nll is
'Negative log-likelihood under the network, in bits a pixel; lower is likelier';
comment on column muse.hieroglyph_samples.novelty is
'Number of pixels that differ from the nearest stored icon';
comment on column muse.hieroglyph_samples.copy_of is
'Id of the stored icon that is equal; null if none (references icons.icon_id)';
comment on column muse.hieroglyph_samples.bitmap is
'The bitmap, size x size bits, row by row from the top left, 1 is ink';
comment on column muse.hieroglyph_samples.image is 'Deprecated, the same as picture';
comment on column muse.hieroglyph_samples.bitmap_text is
'The bitmap as text of 0 and 1, row by row from the top left, 1 is ink';
comment on column muse.hieroglyph_samples.picture is
'The sign as a data: address of an SVG, 128 x 128 pixels';
comment on column muse.hieroglyph_samples.picture_url is
'Address of the picture at a web service; null until muse.picture_base is set';

create or replace view muse.grid_pictures as
select
    best.network,
    best.grid,
    best.label,
    best.probability,
    bit_count(best.bitmap) as ink,
    best.bitmap::text as bitmap_text,
    muse.icon_address(best.bitmap) as picture,
    muse.picture_url('/grids/' || best.bitmap::text || '.png') as picture_url
from muse.grid_icons as best;

comment on view muse.grid_pictures is
'One row per network, size and label: select label, picture from grid_pictures limit 9';
comment on column muse.grid_pictures.network is
'Network of the classifier (part of the key, references grid_icons.network)';
comment on column muse.grid_pictures.grid is
'Width and height of the grid in pixels, 4 or 5 (part of the key, references grid_icons.grid)';
comment on column muse.grid_pictures.label is
'Label of the classifier (part of the key, references grid_icons.label)';
comment on column muse.grid_pictures.probability is 'Probability of the label for the grid, 0 to 1';
comment on column muse.grid_pictures.ink is 'Number of pixels that are ink';
comment on column muse.grid_pictures.bitmap_text is
'The bitmap as text of 0 and 1, row by row from the top left, 1 is ink';
comment on column muse.grid_pictures.picture is
'The grid as a data: address of an SVG, 128 x 128 pixels';
comment on column muse.grid_pictures.picture_url is
'Address of the picture at a web service; null until muse.picture_base is set';
