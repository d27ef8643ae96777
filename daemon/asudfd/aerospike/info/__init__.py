"""The info protocol of a node: one file per family of commands, merged into one table."""
