"""Wikidata: its dumps, its API, and a sample, into Postgres."""
