"""Benchmarks of Wikipedia."""
