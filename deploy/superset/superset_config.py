"""Settings that Superset needs for pgmuse; add them to your superset_config.py.

Superset removes `data:` addresses from HTML unless its sanitizer is told to keep them.
"""

HTML_SANITIZATION = True
HTML_SANITIZATION_SCHEMA_EXTENSIONS = {"protocols": {"src": ["http", "https", "data"]}}
