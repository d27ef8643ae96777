"""Requests about one record, sent to the node that owns it."""

from __future__ import annotations

import time

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.records.partition_map import owner
from asinfo.errors import UsageError, WireError
from asinfo.exchange import exchange
from asinfo.record_dialogue import record_dialogue
from asinfo.record_text import RecordText
from asinfo.wire import request
from asinfo.wire.message import EPOCH, INFO3_CREATE_OR_REPLACE
from asinfo.wire.request import Policy
from asinfo.wire.result import Result

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.target.aerospike.records.address import RecordAddress
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint
    from asinfo.wire.particle import Value
    from asinfo.wire.request import Key, RecordReply

MOVED = (Result.CLUSTER_KEY_MISMATCH, Result.PARTITION_UNAVAILABLE)
"""Codes of a node that does not own the record any more, or not yet; nothing was done."""

_TEXTS = {
    Result.NOT_FOUND: "there is no such record",
    Result.PARAMETER: "a parameter does not fit; with a digest, name the set that its record is in",
    Result.NAMESPACE: "the node has no such namespace",
    Result.TIMEOUT: "the node did not end it in time; what it does may still be done",
    Result.NOT_AUTHENTICATED: "the node wants a login: see --user",
    Result.ROLE_VIOLATION: "the user may not do that",
    Result.FORBIDDEN: "the node forbids it",
    Result.RECORD_TOO_BIG: "the record would be too large",
    Result.KEY_BUSY: "too many others wait for the record",
}


def described(code: int) -> str:
    """A result code in words: its text here, or Aerospike's name, and the number."""
    try:
        known = Result(code)
    except ValueError:
        return f"result code {code}"
    return f"{_TEXTS.get(known) or known.name.lower().replace('_', ' ')} (code {code})"


def state(reply: RecordReply) -> RecordText | None:
    """What a reply to a read says; None where there is no record. Raises WireError for another error."""
    if reply.result == Result.NOT_FOUND:
        return None
    if reply.result:
        raise WireError(described(reply.result))
    ttl = max(0, reply.void_time + EPOCH - int(time.time())) if reply.void_time else None
    return RecordText(reply.bins, reply.generation, ttl)


class RecordAnswer:
    """What came of requests about a record: ``node`` is the answer of its node, ``replies`` one a request, none where it failed."""

    __slots__ = ("node", "replies")

    def __init__(self, node: NodeAnswer, replies: Sequence[RecordReply] = ()) -> None:
        self.node = node
        self.replies = replies


def ask(cluster: Target, key: Key, messages: Sequence[bytes], *, timeout: float) -> RecordAnswer:
    """Send ``messages`` to the owner of ``key``; once more, with the map as it is then, where the map has moved.

    That is so where all of them were refused for it: what was done is not done twice.

    Raises Error where the owner cannot be told.
    """
    answer = _ask(owner(cluster, key.namespace, key.digest), messages, timeout)
    if answer.replies and all(reply.result in MOVED for reply in answer.replies):
        answer = _ask(owner(cluster, key.namespace, key.digest), messages, timeout)
    return answer


def _ask(node: Endpoint, messages: Sequence[bytes], timeout: float) -> RecordAnswer:
    [reply] = exchange([(node, messages)], timeout=timeout, converse=record_dialogue)
    if reply.failure is not None:
        failure = reply.failure
        return RecordAnswer(NodeAnswer(node, failure.kind, (), failure.reason, reply.milliseconds))
    answer = NodeAnswer(node, "ok", (), "", reply.milliseconds)
    answer.note = reply.note
    body, start, replies = reply.body or b"", 0, []
    try:
        for end in reply.ends:
            replies.append(request.reply(body[start:end]))
            start = end
    except WireError as error:
        answer.status, answer.error = "protocol", str(error)
        return RecordAnswer(answer)
    return RecordAnswer(answer, replies)


# ---- single requests


def get(cluster: Target, where: RecordAddress, names: Sequence[str]) -> RecordAnswer:
    """Read all bins, or those with these names. Raises Error."""
    message = request.get(where.key, names or None, limited(cluster.timeout))
    return ask(cluster, where.key, [message], timeout=cluster.timeout)


def put(
    cluster: Target, where: RecordAddress, bins: dict[str, Value], *, ttl: int, replace: bool
) -> RecordAnswer:
    """Write bins; ``replace`` removes all others. The user's key is stored. Raises Error, and UsageError for what cannot be sent."""
    policy = limited(cluster.timeout)
    policy.ttl, policy.send_key = ttl, where.value is not None
    policy.info3 = INFO3_CREATE_OR_REPLACE if replace else 0
    try:
        message = request.put(where.key, bins, policy)
    except WireError as error:
        raise UsageError(f"a value cannot be sent: {error}") from None
    return ask(cluster, where.key, [message], timeout=cluster.timeout)


def delete(cluster: Target, where: RecordAddress) -> RecordAnswer:
    """Delete the record. Raises Error."""
    return ask(
        cluster, where.key, [request.remove(where.key, limited(cluster.timeout))], timeout=cluster.timeout
    )


def limited(seconds: float) -> Policy:
    """A request that the node ends a little before ``seconds`` are over: its reason is better than that of the clock here."""
    return Policy(limit=max(1, int(seconds * 900)))
