"""Named queries of a file."""

import pytest

from loaders.core.queries import Queries

pytestmark = pytest.mark.unit


def test_queries_are_attributes_by_their_names(tmp_path):
    path = tmp_path / "queries.sql"
    path.write_text("-- About.\n\n-- name: one\n-- Why.\nselect 1;\n\n-- name: two\nselect 2\n")
    queries = Queries(path)
    assert queries.one == "-- Why.\nselect 1;"
    assert queries.two == "select 2"
    with pytest.raises(AttributeError, match="no query is called 'three'"):
        _ = queries.three
