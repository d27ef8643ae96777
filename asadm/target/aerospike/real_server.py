"""Real Aerospike servers and asudfd, told apart by an info command that only asudfd has."""

from __future__ import annotations

from asinfo.text import number

WHO = (b"build", b"udf-cache-stats:")
"""The second is a command of asudfd alone; any real server answers that it does not know it."""


def real_server(build: bytes, statistics: bytes) -> bool:
    """Whether a node that answered ``WHO`` so is a real Aerospike server: it does not know the second command.

    Servers before 7.2 answer an unknown command with nothing at all; so does asudfd when no module was called yet,
    but it is younger than that. Any other error (a missing privilege, say) leaves the question open: no.
    """
    if statistics:
        return statistics.upper().startswith((b"ERROR:4:", b"FAIL:4:"))
    major, minor = map(number, [*build.split(b".")[:2], b"", b""][:2])
    return major is not None and minor is not None and (major, minor) < (7, 2)
