"""Benchmarks of Wikidata."""
