"""Benchmarks of songs."""
