"""Measurements of the pages, beside their SQL alone."""
