"""Benchmarks of wikidata."""
