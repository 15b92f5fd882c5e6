"""Pages over the SQL: `./pgmuse serve`. Every number on them is a query that a visitor can copy."""
