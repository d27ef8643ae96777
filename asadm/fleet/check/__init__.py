"""``udf check``: findings about the modules of all nodes, and their output formats."""
