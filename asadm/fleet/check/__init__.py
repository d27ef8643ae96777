"""What is wrong with the modules of all nodes, for a person or a monitoring system."""
