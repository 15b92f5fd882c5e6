"""the version of a picture's decoder; other arguments of functions of pictures

Revision ID: 0024
Revises: 0023
"""

from alembic import op

revision = "0024"
down_revision = "0023"

# Pictures that an earlier version decoded are decoded again when their source is loaded again.
VERSIONS = "alter table muse.images add column version integer not null default 1"
# sql/ creates them again.
FUNCTIONS = """
drop function if exists muse.image_matches(
    bigint, public.halfvec, integer, integer, real, bigint
);
drop function if exists muse.images_like(bigint, integer, real);
drop function if exists muse.similar_images(bytea, integer, real);
"""


# As the other domains of 0013: PL/Python converts an argument before the function looks at it.
DOMAIN = """
create domain muse.short_bigints as bigint[]
constraint at_most_20000_bigints check (cardinality(value) <= 20000);
comment on domain muse.short_bigints is 'Up to 20,000 bigints';
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (VERSIONS, FUNCTIONS, DOMAIN):
        raw.execute(statements)
