"""Plans, plan files, and differences line by line: what has to change on which node."""
