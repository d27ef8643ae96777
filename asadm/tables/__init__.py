"""Tables of figures: data with names and units, which a terminal, a pipe and JSON show each in its own way. No node is asked here."""
