"""Changing the nodes: locks, confirmation, backup, rollout, repair, and the report."""
