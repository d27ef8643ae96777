"""The modules that every node should have: a directory of Lua files and its ``udf.yaml``."""
