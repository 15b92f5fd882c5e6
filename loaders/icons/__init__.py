"""Icons and hieroglyphs: fonts, SVG and PNG drawn as small bitmaps, and sets of them loaded."""
