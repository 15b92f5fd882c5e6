"""Measurements: ours, the peer and the limit, in one run."""
