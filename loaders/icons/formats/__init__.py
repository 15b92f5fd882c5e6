"""Fonts, SVG and PNG as bitmaps."""
