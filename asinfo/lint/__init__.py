"""Checks Lua modules in files: whether a node takes them, and what in them is likely a mistake. No node is asked."""
