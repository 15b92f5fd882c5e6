-- Metrics of models as text, for the view health.

create or replace function muse.metrics_text(metrics jsonb)
returns text
language sql immutable parallel safe
begin atomic
    select string_agg(number.path || ' ' || number.value, ', ' order by number.place)
    from (
        select
            concat_ws('.', metric.key, part.key) as path,
            coalesce(part.value, metric.value) #>> '{}' as value,
            row_number() over (order by metric.place, part.place) as place
        from
            jsonb_each(
                case jsonb_typeof(metrics_text.metrics)
                    when 'object' then metrics_text.metrics
                end
            ) with ordinality as metric (key, value, place)
        left join lateral jsonb_each(
            case jsonb_typeof(metric.value) when 'object' then metric.value end
        ) with ordinality as part (key, value, place) on true
        where jsonb_typeof(coalesce(part.value, metric.value)) = 'number'
    ) as number
    where number.place <= 12;
end;

comment on function muse.metrics_text(jsonb) is
'The first twelve numbers of some metrics: select metrics_text(metrics) from models limit 9';
