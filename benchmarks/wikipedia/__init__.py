"""Benchmarks of wikipedia."""
