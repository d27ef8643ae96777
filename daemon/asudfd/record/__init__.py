"""Records: what one is, where it is kept, and the rules of the namespace that it belongs to."""
