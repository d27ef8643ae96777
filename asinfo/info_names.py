"""The names of info commands, for completion: which of them a node has, it says itself when it is asked for ``help``."""

from __future__ import annotations

from asinfo.command import CHANGING, READING

_OTHERS = frozenset(
    b"""
    build_arch build_sha debug-record debug-record-meta dump-cluster dump-fabric dump-hb dump-hlc dump-migrates dump-rw
    dump-skew dump-wb-summary help jem-stats log-message physical-devices services-alternate services-alumni
    thread-traces udf-clear-cache udf-lock udf-unlock
    """.split()
)
"""Commands that print much, drop a cache or hold a lock."""

NAMES = sorted(name.decode() for name in READING | CHANGING | _OTHERS)
"""All of them."""
