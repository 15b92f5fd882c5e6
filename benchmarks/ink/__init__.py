"""Benchmarks of ink."""
