-- Names of items and properties in the languages that were loaded, and the search for them.

-- The text of an item in the index wikidata_names: its names in JSON, with ʘ, which is a letter to
-- pg_trgm, for each quotation mark. So '%ʘmün%' is looked up by "ʘmü" and "mün", and names that
-- begin so have their own trigrams (docs/decisions/item-names.md). Revision 0033 has it too.
create or replace function muse.names_text(
    title text, title_language text, labels jsonb, aliases jsonb
)
returns text
language sql immutable parallel safe
begin atomic
    select replace(
        case
            when names_text.labels ? names_text.title_language then ''
            else
                ' "' || replace(replace(names_text.title, '\', '\\'), '"', '\"') || '" '
        end
        || jsonb_path_query_array(names_text.labels, '$.*')::text
        || jsonb_path_query_array(names_text.aliases, '$.*[*]')::text,
        '"', 'ʘ'
    );
end;

comment on function muse.names_text(text, text, jsonb, jsonb) is
'Names of an item in one text, as the index has them: select names_text(title, title_language, labels, aliases) from wikidata limit 9';  -- noqa: LT05

-- A name as it stands in that text, for ilike.
create or replace function muse.names_pattern(name text)
returns text
language sql stable parallel safe
begin atomic
    select replace(
        replace(replace(replace(
            to_jsonb(left(names_pattern.name, 250))::text,
            '\', '\\'
        ), '%', '\%'), '_', '\_'),
        '"', 'ʘ'
    );
end;

comment on function muse.names_pattern(text) is
'Pattern of a name in names_text(), for ilike: select names_pattern(''50 %'')';

create or replace function muse.check_language(language text)
returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if check_language.language !~ '^[a-z]{2,12}(-[a-z0-9]{1,12}){0,3}$' then
        raise exception 'no code of a language: %', left(check_language.language, 63)
        using errcode = '22023', hint = 'a code is in small letters, such as de or zh-hans';
    end if;
end
$$;

comment on function muse.check_language(text) is
'Raises an error if a text is no code of a language: select check_language(''zh-hans'')';

create or replace view muse.item_names as
select
    item.wikidata_id,
    name.language,
    name.name,
    name.kind
from muse.wikidata as item
cross join lateral (
    select
        item.title_language as language,
        item.title as name,
        'label' as kind
    where not item.labels ? item.title_language
    union all
    select
        label.key as language,
        label.value as name,
        'label' as kind
    from jsonb_each_text(item.labels) as label
    union all
    select
        list.key as language,
        alias.name,
        'alias' as kind
    from jsonb_each(item.aliases) as list
    cross join lateral jsonb_array_elements_text(list.value) as alias (name)
) as name;

comment on view muse.item_names is
'One row per item, language and name: select * from item_names where wikidata_id = ''Q64''';
comment on column muse.item_names.wikidata_id is
'Id of the item (part of the key, references wikidata.wikidata_id)';
comment on column muse.item_names.language is
'Language that was loaded; mul for all languages; of an item without a label in these, another '
'(part of the key)';
comment on column muse.item_names.name is 'Label or alias (part of the key)';
comment on column muse.item_names.kind is 'label or alias';

-- Searches in the index. The planner cannot estimate how many names have a pattern, so sequential
-- scans are off. A pattern without three letters in a row, where ʘ counts, would read the whole
-- index.
create or replace function muse.items_like(pattern text, most integer)
returns setof text
language sql stable parallel safe rows 100
set enable_seqscan = off
begin atomic
    select item.wikidata_id
    from muse.wikidata as item
    where
        muse.names_text(item.title, item.title_language, item.labels, item.aliases)
        ilike left(items_like.pattern, 3000)
    limit items_like.most;  -- noqa: AM09
end;

comment on function muse.items_like(text, integer) is
'Ids of items with such a text of names: select items_like(''%ʘBerlinʘ%'', 9)';

create or replace function muse.items_named(name text, most integer)
returns setof text
language plpgsql stable parallel safe rows 100
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    perform muse.check_length(items_named.name, 'name', 100000);
    if items_named.name ~ '[[:alnum:]]' then
        return query select muse.items_like(
            '%' || muse.names_pattern(items_named.name) || '%', items_named.most
        );
    elsif items_named.name <> '' then
        return query
        select muse.items_like(
            '% ' || muse.names_pattern(items_named.name) || '%', items_named.most
        )
        union
        select muse.items_like(
            '%[' || muse.names_pattern(items_named.name) || '%', items_named.most
        );
    end if;
end
$$;

comment on function muse.items_named(text, integer) is
'Ids of items with a name, in any case: select items_named(''Berlin'', 9)';

-- First names that are the query, then those that begin with it, then similar ones. Of more than
-- 10,000 items of a kind, 10,000 are compared, with a notice.
create or replace function muse.find_items(
    query text, language text default null, n integer default 10
)
returns setof muse.wikidata_match
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set enable_seqscan = off
set jit = off
set pg_trgm.word_similarity_threshold = 0.55  -- noqa: PRS
as $$
declare
    most constant integer := 10000;
    words text;
    start text;
    stage text;
    ids text[];
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
                from unnest(ids[:most]) as chosen (id)
                inner join muse.wikidata as item on chosen.id = item.wikidata_id
                inner join muse.item_names as name on chosen.id = name.wikidata_id
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
                    and chosen.id not in (select one.wikidata_id from unnest(best) as one)
                order by
                    item.wikidata_id, public.similarity(name.name, start) desc, name.kind desc,
                    name.language
            ) as own
            order by
                case stage when 'similar' then own.similarity end desc, own.links desc,
                length(own.wikidata_id), own.wikidata_id
            limit find_items.n - cardinality(best)
        );
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

comment on function muse.find_items(text, text, integer) is
'Items by label or alias, also misspelt, in a language or all: select * from find_items(''Berlin'')';

comment on type muse.wikidata_match is
'One row per item with such a name: select * from find_items(''München'', ''de'')';
comment on column muse.wikidata_match.wikidata_id is 'Id of the item';
comment on column muse.wikidata_match.name is 'The name that matches best';
comment on column muse.wikidata_match.language is 'Language of that name';
comment on column muse.wikidata_match.kind is 'label or alias';
comment on column muse.wikidata_match.match is
'exact; prefix, if the name begins with the query; or similar';
comment on column muse.wikidata_match.similarity is
'Share of common trigrams of name and query, from 0 to 1';
comment on column muse.wikidata_match.title is
'Label in the language of the query if there is one, else the title of the item';
comment on column muse.wikidata_match.description is 'Description, likewise; null if none';
comment on column muse.wikidata_match.links is
'Number of articles in the wikis that were loaded; items with more come first';
