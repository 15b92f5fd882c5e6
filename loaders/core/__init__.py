"""Modules shared by all topics; none of them names a topic."""
