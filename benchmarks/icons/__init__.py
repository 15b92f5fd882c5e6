"""Benchmarks of icons."""
