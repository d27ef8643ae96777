"""Configuration: grammar (text to statements), schema (every parameter, once), load (statements to a Config)."""
