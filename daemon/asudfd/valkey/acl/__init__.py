"""Access control of the Valkey face: users, their rules, and what they may run."""
