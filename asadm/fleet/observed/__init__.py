"""What the nodes have: their lists, the contents they serve, and how these differ."""
