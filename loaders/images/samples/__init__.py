"""The photos of the sample packages."""
