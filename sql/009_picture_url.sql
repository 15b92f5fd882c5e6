-- Addresses of pictures at a web service, for BI tools that do not show data: addresses.
--
--     alter database pgmuse set muse.picture_base = 'https://pictures.example.org';

create or replace function muse.picture_url(path text)
returns text
language sql stable parallel safe
begin atomic
    select
        substring(
            rtrim(current_setting('muse.picture_base', true), '/')
            from '^https?://[^[:space:]"''<>]+$'
        ) || picture_url.path;
end;

comment on function muse.picture_url(text) is
'Address of a picture, null until muse.picture_base is one: select picture_url(''/images/1.jpg'')';
