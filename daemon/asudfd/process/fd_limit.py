"""How many files this process may have open: every client takes one."""

import resource

BESIDE_CLIENTS = 100
"""Open files of the daemon that are no client connections: logs, metadata, listeners, the event loop's own."""


def allow(clients: int) -> int:
    """Let the process open as many files as ``clients`` need; returns for how many clients there are enough."""
    wanted = clients + BESIDE_CLIENTS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(clients, soft - BESIDE_CLIENTS)
