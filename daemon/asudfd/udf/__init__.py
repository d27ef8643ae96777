"""Lua modules: what may be stored, and the modules that a node has."""
