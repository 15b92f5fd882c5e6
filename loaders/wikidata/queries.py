"""The SQL of the loader of Wikidata, from queries.sql."""

from pathlib import Path

from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
