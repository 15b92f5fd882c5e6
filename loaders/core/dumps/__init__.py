"""Loads of large dumps: cut into chunks, staged by worker processes, resumable, then merged."""
