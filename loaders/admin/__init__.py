"""Commands for the database as a unit: migrate, doctor, status, refresh, forget, demo."""
