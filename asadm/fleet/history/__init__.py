"""The history of changes: a SQLite file with the contents that were replaced."""
