"""What a node said to info commands, as an answer that tells whether one of them was refused."""

from __future__ import annotations

from asadm.outcome import NodeAnswer
from asinfo.wire.info import is_error

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.exchange import Endpoint


def judged(node: Endpoint, found: Sequence[bytes], milliseconds: float) -> NodeAnswer:
    """What ``node`` said: one answer that is an error makes the status ``error``."""
    for answer in found:
        if is_error(answer):
            from asinfo.wire.failure import explain

            return NodeAnswer(node, "error", found, explain(answer), milliseconds)
    return NodeAnswer(node, "ok", found, "", milliseconds)
