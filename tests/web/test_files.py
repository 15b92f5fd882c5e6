"""Pictures at stable addresses."""

import base64

from psycopg.types.json import Jsonb

from tests.factories.pictures import encoded, shape

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_addresses_of_views_lead_to_pictures(site, server):
    with server.connect(dbname="pages", autocommit=True) as conn:
        conn.execute("set muse.picture_base = 'http://localhost'")
        item = {"bitmap": "1" * 64, "nll": 1.0}
        ink = {"png": base64.b64encode(PNG).decode(), "gif": base64.b64encode(b"GIF89a").decode()}
        for kind, result in (("icons", [item]), ("hieroglyphs", [item]), ("ink", ink)):
            conn.execute(
                "insert into muse.samples (kind, seed, parameters, result) values (%s, 0, '{}', %s)",
                (kind, Jsonb(result)),
            )
        columns = conn.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = 'muse' and column_name in ('picture_url', 'animation_url')"
        ).fetchall()
        addresses = {}
        for view, column in columns:
            row = conn.execute(f"select {column} from muse.{view} limit 1".encode()).fetchone()
            addresses[view, column] = row and row[0]
    assert len(addresses) >= 8
    empty = {("hieroglyphs", "picture_url"), ("grid_pictures", "picture_url")}
    assert {name for name, address in addresses.items() if address is None} <= empty
    for address in filter(None, addresses.values()):
        answer = site.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-type"].startswith("image/"), address


def test_a_browser_asks_again_only_for_what_changed(site):
    address = next(
        one["picture"] for one in site.post(
            "/images/search", files={"file": ("a.png", encoded(shape("ring", 9)))}
        ).json()["matches"]
    )  # fmt: skip
    first = site.get(address)
    assert "max-age" in first.headers["cache-control"]
    again = site.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    for tags in ("*", f'"other", W/{first.headers["etag"]}'):
        assert site.get(address, headers={"if-none-match": tags}).status_code == 304
    other = site.get(address, headers={"if-none-match": '"other"'})
    assert other.content == first.content


def test_a_bitmap_in_the_address_is_drawn(site):
    answer = site.get(f"/grids/{'01' * 8}.png")
    assert answer.headers["content-type"] == "image/png"
