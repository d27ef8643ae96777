"""The Aerospike protocol: the face of a node to Aerospike's clients and tools."""
