"""which filters keep an item, and which languages and wikis it was loaded with

Revision ID: 0011
Revises: 0010
"""

import hashlib

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = """
alter table muse.wikidata add column loaded_by integer[] not null default '{}';
comment on column muse.wikidata.loaded_by is
'Numbers of the filters that keep it, 0 for none: --prune removes what only its own filter keeps';
comment on column muse.wikidata.kept_as is
'Tells with which languages and wikis it was loaded: see wikidata_kept';

create table muse.wikidata_kept (
    kept_as integer primary key,
    languages text[] not null,
    wikis text[] not null
);
comment on table muse.wikidata_kept is
'One row a set of languages and wikis that items were loaded with: select * from wikidata_kept';
comment on column muse.wikidata_kept.kept_as is 'As in wikidata: a hash of both columns';
comment on column muse.wikidata_kept.languages is 'Of labels, descriptions and aliases';
comment on column muse.wikidata_kept.wikis is 'Whose links are stored';
grant insert on muse.wikidata_kept to muse_loader;
"""
LOADS = "select options from muse.sources where topic = 'wikidata'"
ADD = "insert into muse.wikidata_kept values (%s, %s, %s) on conflict (kept_as) do nothing"


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)  # as it stands: alembic's own ways trip over : and %
    for (options,) in raw.execute(LOADS).fetchall():
        languages = sorted(options.get("languages") or ["en"])
        wikis = sorted({"enwiki", *(options.get("sitelinks") or [])})
        raw.execute(ADD, (number(languages, wikis), languages, wikis))


def number(languages: list[str], wikis: list[str]) -> int:
    """As the loader computed it at this revision."""
    text = repr((1, languages, wikis))
    digest = hashlib.blake2b(text.encode(), digest_size=4).digest()
    return int.from_bytes(digest, signed=True)
