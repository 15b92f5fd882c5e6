-- The search for names on a cluster. The nodes send the candidates, which are compared here. The
-- settings of the one-server function are those of the nodes' databases.

create or replace function muse.find_items(
    query text, language text default null, n integer default 10
)
returns setof muse.wikidata_match
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    most constant integer := 10000;
    words text;
    start text;
    stage text;
    ids text[];
    chosen text[] := '{}';
    best muse.wikidata_match[] := '{}';
begin
    perform muse.check_n(find_items.n);
    perform muse.check_length(find_items.query, 'query', 100000);
    perform muse.check_language(find_items.language);
    words := btrim(left(find_items.query, 251));
    start := left(words, 40);
    foreach stage in array array['exact', 'prefix', 'similar'] loop
        -- Names have 250 characters at most.
        exit when
            coalesce(length(words), 0) not between 1 and 250
            or cardinality(best) = find_items.n;
        if stage = 'exact' then
            ids := array(select muse.items_named(words, most + 1));
        elsif stage = 'prefix' and words ~ '^[[:alnum:]]{2}|[^[:alnum:]][[:alnum:]]{2}' then
            ids := array(
                select muse.items_like('%' || left(muse.names_pattern(words), -1) || '%', most + 1)
            );
        elsif stage = 'similar' and words ~ '[[:alnum:]]{4}' then
            ids := array(
                select item.wikidata_id from muse.wikidata as item
                where
                    'ʘ' || start || 'ʘ' operator(public.<%)
                    muse.names_text(item.title, item.title_language, item.labels, item.aliases)
                limit most + 1
            );
        else
            continue;
        end if;
        if cardinality(ids) > most then
            raise notice '% names are like %: % of them were compared',
                'more than 10,000', quote_literal(left(words, 60)), '10,000'
            using hint = 'a longer query finds the others';
        end if;
        best := best || array(
            with item as materialized (
                select
                    stored.wikidata_id, stored.title, stored.title_language, stored.description,
                    stored.labels, stored.descriptions, stored.aliases, stored.sitelinks
                from muse.wikidata as stored
                where
                    stored.wikidata_id = any(ids[:most])
                    and stored.wikidata_id <> all(chosen)
            ),

            name as (
                select item.wikidata_id, item.title_language as language, item.title as name, 'label' as kind
                from item where not item.labels ? item.title_language
                union all
                select item.wikidata_id, label.key, label.value, 'label'
                from item cross join lateral jsonb_each_text(item.labels) as label
                union all
                select item.wikidata_id, list.key, alias.name, 'alias'
                from item
                cross join lateral jsonb_each(item.aliases) as list
                cross join lateral jsonb_array_elements_text(list.value) as alias (name)
            )

            select row(
                own.wikidata_id, own.name, own.language, own.kind, stage, own.similarity, own.title,
                own.description, own.links
            )::muse.wikidata_match
            from (
                select distinct on (item.wikidata_id)
                    item.wikidata_id,
                    name.name,
                    name.language,
                    name.kind,
                    public.similarity(name.name, start) as similarity,
                    coalesce(item.labels ->> find_items.language, item.title) as title,
                    coalesce(item.descriptions ->> find_items.language, item.description)
                        as description,
                    (select count(*) from jsonb_object_keys(item.sitelinks))::integer as links
                from item
                inner join name on item.wikidata_id = name.wikidata_id
                where
                    (
                        find_items.language is null
                        or name.language in (find_items.language, 'mul')
                    )
                    and case stage
                        when 'exact' then lower(name.name) = lower(words)
                        when 'prefix' then starts_with(lower(name.name), lower(words))
                        else public.word_similarity(start, name.name) >= 0.4
                    end
                order by
                    item.wikidata_id, public.similarity(name.name, start) desc, name.kind desc,
                    name.language
            ) as own
            order by
                case stage when 'similar' then own.similarity end desc, own.links desc,
                length(own.wikidata_id), own.wikidata_id
            limit find_items.n - cardinality(best)
        );
        chosen := array(select one.wikidata_id from unnest(best) as one);
    end loop;
    if
        cardinality(best) = 0 and find_items.language is not null and not exists (
            select from muse.wikidata_kept as kept where find_items.language = any(kept.languages)
        )
    then
        raise notice 'no names in the language % are stored', find_items.language
        using hint = 'load wikidata --language loads them';
    end if;
    return query select one.* from unnest(best) as one;
end
$$;
