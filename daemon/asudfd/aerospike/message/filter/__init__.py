"""Filter expressions: compiled once, then asked for each record."""
