"""Wikipedia: articles and redirects of its dumps into Postgres."""
