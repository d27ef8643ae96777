"""The observed state of the nodes: their lists, the contents they serve, and how these differ."""
