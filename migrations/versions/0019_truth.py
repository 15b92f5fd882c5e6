"""versions of loaders, so that sources of an earlier meaning are loaded again; dates of claims

Revision ID: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"

# `migrate` fills the table from the topics.
VERSIONS = """
create table muse.topics (
    topic text collate "C" primary key,
    version integer not null check (version > 0)
);
alter table muse.sources add column version integer not null default 1;
"""
# It gets another argument and other columns; sql/ creates it again.
CLAIMS = "drop function if exists muse.claim_values(text)"


# Titles were English ones; the templates of staging tables get the column too.
TITLES = """
alter table muse.wikidata add column title_language text;
update muse.wikidata set title_language = 'en' where title is not null;
alter table muse_staging.wikidata_items add column title_language text;
"""
# Names are labels; the title of the article has a column of its own.
CLASSES = """
alter table muse.wikidata_classes rename column label to article;
update muse.wikidata_classes as class set
    class = coalesce(known.label, class.class_id), article = known.wikipedia_id
from muse.wikidata_labels as known
where known.wikidata_id = class.class_id;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (VERSIONS, CLAIMS, TITLES, CLASSES):
        raw.execute(statements)
