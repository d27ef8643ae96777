"""The archive that ``bundle`` writes for support: what stands in it, and what does not. No node is asked here."""
