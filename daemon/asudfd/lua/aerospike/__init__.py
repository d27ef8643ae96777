"""The crossing of Aerospike: the Lua files that its modules see, and the Python that encodes records and decodes results."""
