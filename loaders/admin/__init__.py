"""Commands that are about all of a database: migrate, doctor, refresh, demo."""
