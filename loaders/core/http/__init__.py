"""A polite HTTP client and downloads that resume."""
