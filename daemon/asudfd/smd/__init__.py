"""System metadata (SMD): the items that all nodes of a cluster agree on, and the backends that keep them."""
