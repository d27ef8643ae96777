"""Unattended runs of ``cache clear``: lock file, deadline, pings, metrics, and the schedule."""
