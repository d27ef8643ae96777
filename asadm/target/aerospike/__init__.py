"""Aerospike clusters as a target: the info protocol, and what is peculiar to real servers."""
