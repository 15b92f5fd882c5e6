"""Benchmark of a cluster beside one server."""
