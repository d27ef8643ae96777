"""The limit of open files of this process: every client takes one."""

import resource
import sys

BESIDE_CLIENTS = 100
"""Open files of the daemon that are no client connections: logs, metadata, listeners, the event loop's own."""

FILES_MAX = 1 << 20
"""The limit that is taken where the system sets none: Linux's own default for the most that a process may have."""


def room() -> int:
    """For how many clients this process may open enough files."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft - BESIDE_CLIENTS


def raise_to_most() -> None:
    """Let the process open as many files as the system allows it, now and when `set-config` asks for more clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES_MAX if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
