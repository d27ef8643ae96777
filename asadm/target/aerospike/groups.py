"""Groups nodes by cluster: nodes of one cluster replicate changes among each other.

Nodes of one cluster give the same answer to ``cluster-stable``: the key of their cluster. A node that gives none
(migrating, without the privilege, too old) is taken to stand alone, which is harmless: it then gets a put of its own.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

STABLE = b"cluster-stable:ignore-migrations=true"


def clusters(
    cluster: Target, nodes: Sequence[Endpoint], *, timeout: float | None = None
) -> list[list[Endpoint]]:
    """``nodes``, those of one cluster together; in the configured order, as are the nodes of each."""
    found: dict[bytes, list[Endpoint]] = {}
    answers = cluster.each([STABLE], nodes=nodes, timeout=timeout) if len(nodes) > 1 else []
    if any(answer.status == "interrupted" for answer in answers):
        raise KeyboardInterrupt
    if not answers:
        return [[node] for node in nodes]
    for number, answer in enumerate(answers):
        key = answer.answer if answer.good and answer.answer else b"\0%d" % number
        found.setdefault(key, []).append(answer.node)
    return list(found.values())
