"""Parameters of Aerospike nodes: what a file wants, what differs by design, and when two texts are the same value. No node is asked here."""
