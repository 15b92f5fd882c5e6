"""The revision that completes the identities of playlists."""

import gzip

from alembic import command
from psycopg import conninfo

from loaders.admin.migrate import alembic_config, migrate
from loaders.core import db
from loaders.songs.load import load
from tests.factories.playlist_files import m3u, stored, zipped

OLD = """
    with source as (
        insert into muse.sources (topic, location) values ('playlists', %s)
        on conflict (topic, location) do update set topic = excluded.topic returning source_id
    )
    insert into muse.playlists (source_id, identity, title, content_hash, track_ids)
    select source_id, %s, 't', decode(repeat('0a', 16), 'hex'), array['x'] from source
"""


def test_the_revision_completes_identities(empty):
    config = alembic_config(conninfo.make_conninfo(**db.conninfo()))
    command.upgrade(config, "0011")
    rows = {
        ("/m/a.m3u", "a.m3u#My :// mix"): "/m/a.m3u#My :// mix",
        ("/m/a.json.gz", "a.json#0"): "/m/a.json.gz#0",
        ("/m/all.zip", "a.json#1"): "/m/all.zip/a.json#1",
        ("/m/all.zip", "x/b.json#1"): "/m/all.zip/x/b.json#1",
        ("/m/b.xspf", "https://example.org/p#1"): "https://example.org/p#1",
        ("/m/c.csv", "spotify:playlist:1"): "spotify:playlist:1",
        ("/" + "d" * 3000 + ".m3u", "d.m3u#1"): "d.m3u#1",
        ("standard input", "standard input#T"): "standard input#T",
        ("standard input", "standard input#untitled"): "standard input#untitled:" + "0a" * 16,
        ("sample: billboard", "billboard#2000-01-01"): "billboard#2000-01-01",
    }
    for row in rows:
        empty.execute(OLD, row)
    migrate()
    identities = empty.execute("select identity, file_key from muse.playlists").fetchall()
    assert {identity for identity, _ in identities} == set(rows.values())
    assert dict(identities)["/m/all.zip/x/b.json#1"] == "b.json#1"
    assert dict(identities)["https://example.org/p#1"] is None


def test_a_member_that_was_loaded_before_the_revision_is_updated(fresh, write):
    path = write("all.zip", zipped({"data/a.m3u.gz": gzip.compress(m3u("A - 1"))}))
    load(fresh, path)
    fresh.execute("update playlists set identity = %s", (f"{path}/a.m3u#a",))
    write("all.zip", zipped({"data/a.m3u.gz": gzip.compress(m3u("A - 2"))}))
    assert load(fresh, path).written == 1
    assert stored(fresh) == [(f"{path}/data/a.m3u.gz#a", "a", 1)]
