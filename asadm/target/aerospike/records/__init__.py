"""Records of an Aerospike cluster: read, written, and functions called on them, each at the node that owns it."""
