"""Queries that the pages show."""

import pytest

from web.rendering import ink_query

pytestmark = pytest.mark.unit


def test_a_drawing_of_several_channels_is_a_query_of_arrays():
    query = ink_query({"layer": "block3", "channels": [34, 9], "weights": [2.0, 1.0], "steps": 7})
    assert "channels => '{34,9}', weights => '{2.0,1.0}'" in query
