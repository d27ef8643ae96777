"""Failures of the exchange in words; apart from it because a good run needs none of them."""

from __future__ import annotations

from errno import ECONNREFUSED, ECONNRESET, EPIPE, ETIMEDOUT
from os import strerror

from asinfo.errors import Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asinfo.dialogue import Dialogue, Endpoint


def broken(error: OSError, conversation: Dialogue, *, connected: bool) -> Unreachable:
    """What an error of the system means for the connection."""
    code = error.errno or 0
    if code == ETIMEDOUT:
        return timed_out(False, conversation if connected else None, None)
    if connected and code in {ECONNRESET, EPIPE}:
        return conversation.ended()
    if code in {ECONNREFUSED, ECONNRESET}:
        return Unreachable("refused", "nobody listens there" if code == ECONNREFUSED else "connection reset")
    return Unreachable("unreachable", strerror(code).lower() if code else str(error))


def timed_out(looking_up: bool, conversation: Dialogue | None, seconds: float | None) -> Unreachable:
    """The end of a deadline, in the state that the connection was in; ``conversation`` is None where there was none yet."""
    within = "" if seconds is None else f" within {seconds:.3g} s"
    if looking_up:
        return Unreachable("resolve", f"the name was not resolved{within}")
    if conversation is not None:
        return Unreachable("timeout-reply", f"connected, but {conversation.overdue(within)}")
    return Unreachable("timeout-connect", f"no connection{within}")


def closed(received: int = 0) -> Unreachable:
    """The peer ended the stream after ``received`` bytes of an answer."""
    place = f"after {received} bytes of its answer" if received else "before it answered"
    return Unreachable("closed", f"the node closed the connection {place}")


def interrupted(*, started: bool) -> Unreachable:
    """Ctrl-C."""
    return Unreachable(
        "interrupted", "interrupted before the answer" if started else "interrupted, not asked"
    )


def advice(node: Endpoint, kind: str) -> str:
    """What to do where nobody listens at the address that is asked when none is given; empty for any other failure."""
    if kind != "refused" or (node.host, node.port) != ("127.0.0.1", 3000):
        return ""
    return "; start a node there with 'asudfd', or name one with -h"
