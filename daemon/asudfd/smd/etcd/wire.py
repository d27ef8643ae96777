"""Requests and replies of etcd's JSON gateway as plain data: JSON with base64 for bytes.

Numbers of 64 bits come as text, and what is 0, false or empty is left out. Source: etcd's documentation, "Why gRPC
gateway" and `rpc.proto` of 3.4, and replies of 3.4.23.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.decode import decode_base64
from asinfo.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEXT_SIZE_MAX = 200
"""How much of what etcd says about an error goes into a log line or an answer."""

_PLAIN = dict.fromkeys(range(32)) | {ord(";"): ",", ord("\n"): " ", 127: None}


class EtcdError(Exception):
    """etcd did not do what it was asked to; the text fits into the answer to an info command.

    ``maybe``: it was asked more than once, and may have done it all the same.
    """

    def __init__(self, text: str, *, maybe: bool = False) -> None:
        super().__init__(visible(text.translate(_PLAIN))[:TEXT_SIZE_MAX])
        self.maybe = maybe


class EtcdUnreachable(EtcdError):  # noqa: N818 - named for what happened
    """No endpoint answered in time, or none that has a leader."""


class EtcdRefused(EtcdError):  # noqa: N818 - named for what happened
    """etcd answered an error and did nothing."""


class AccessDenied(EtcdRefused):
    """User or password are wrong, or the user may not do this."""


class LeaseExpired(EtcdRefused):
    """The lease has ended."""


class RevisionCompacted(EtcdRefused):
    """The revision that was asked for is forgotten."""


class HistoryDiverged(EtcdError):  # noqa: N818 - named for what happened
    """The history of etcd is not the one that was known: it was replaced, lost its data, or was restored from a copy."""


class ReplyTooLarge(EtcdError):  # noqa: N818 - named for what happened
    """The reply is longer than we take."""


class MalformedReply(ValueError):  # noqa: N818 - named for what happened
    """A reply is not what etcd says."""


class Revisions(NamedTuple):
    """The revisions that created a key and changed it last."""

    create: int
    mod: int


@dataclass(frozen=True, slots=True)
class KeyValue:
    """A key as of revision ``mod``, where it was written for the ``version``-th time; 0: it was deleted there."""

    key: bytes
    value: bytes = b""
    create: int = 0
    mod: int = 0
    version: int = 0
    lease: int = 0

    @property
    def revisions(self) -> Revisions:
        """Those of this key."""
        return Revisions(self.create, self.mod)


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The reply of a range request: keys as of ``revision``; ``more`` when a limit cut it; ``count`` of all."""

    revision: int
    keys: Sequence[KeyValue]
    more: bool
    count: int


@dataclass(frozen=True, slots=True)
class TransactionResult:
    """The result of a transaction: whether its comparisons held, its revision, and the results of its ranges, in order."""

    succeeded: bool
    revision: int
    ranges: Sequence[KeyRange]


@dataclass(frozen=True, slots=True)
class WatchMessage:
    """A message of a watch stream. ``partial``: further events of the last revision may follow.

    ``progress`` is a revision up to which nothing else has happened, or 0.
    """

    events: Sequence[KeyValue]
    partial: bool
    progress: int


def text(data: bytes) -> str:
    """``data`` as it goes to etcd."""
    return b64encode(data).decode()


def range_end(prefix: bytes) -> bytes:
    """The first key behind all that begin with ``prefix``."""
    head = prefix.rstrip(b"\xff")
    return head[:-1] + bytes((head[-1] + 1,))


def put(key: bytes, value: bytes, lease: int = 0) -> dict[str, Any]:
    """An operation of a transaction."""
    return {"request_put": {"key": text(key), "value": text(value), "lease": str(lease)}}


def delete(key: bytes) -> dict[str, Any]:
    """An operation of a transaction."""
    return {"request_delete_range": {"key": text(key)}}


def fetch(key: bytes) -> dict[str, Any]:
    """An operation of a transaction: the key as it is."""
    return {"request_range": {"key": text(key)}}


def count(key: bytes, end: bytes) -> dict[str, Any]:
    """An operation of a transaction: how many keys there are from ``key`` up to ``end``."""
    return {"request_range": {"key": text(key), "range_end": text(end), "count_only": True}}


def is_revision(key: bytes, mod: int) -> dict[str, Any]:
    """A comparison: the key was last changed at revision ``mod``; 0: there is none."""
    return {"key": text(key), "target": "MOD", "result": "EQUAL", "mod_revision": str(mod)}


def is_later(key: bytes, mod: int) -> dict[str, Any]:
    """A comparison: the key was changed after revision ``mod``."""
    return {"key": text(key), "target": "MOD", "result": "GREATER", "mod_revision": str(mod)}


def is_value(key: bytes, value: bytes) -> dict[str, Any]:
    """A comparison: the key is there and has ``value``, which is not empty."""
    return {"key": text(key), "target": "VALUE", "result": "EQUAL", "value": text(value)}


def is_leased(key: bytes, lease: int) -> dict[str, Any]:
    """A comparison: the key is there and ends with ``lease``."""
    return {"key": text(key), "target": "LEASE", "result": "EQUAL", "lease": str(lease)}


def number(reply: Mapping[str, Any], name: str) -> int:
    """The number ``name`` in ``reply``. Raises MalformedReply when it is none."""
    value = reply.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise MalformedReply(f"{name} is no number")
    return int(value)


def members(reply: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object ``name`` in ``reply``."""
    value = reply.get(name, {})
    if not isinstance(value, dict):
        raise MalformedReply(f"{name} is no object")
    return value


def revision(reply: Mapping[str, Any]) -> int:
    """The revision in the header of ``reply``."""
    return number(members(reply, "header"), "revision")


def read_range(reply: Mapping[str, Any]) -> KeyRange:
    """What a range answers. Raises ValueError (Garbled is one), as all that follow."""
    keys = [_key_value(entry) for entry in _list(reply, "kvs")]
    return KeyRange(revision(reply), keys, reply.get("more") is True, number(reply, "count"))


def read_outcome(reply: Mapping[str, Any]) -> TransactionResult:
    """What a transaction answers."""
    responses = _list(reply, "responses")
    ranges = [
        read_range(members(entry, "response_range")) for entry in responses if "response_range" in entry
    ]
    return TransactionResult(reply.get("succeeded") is True, revision(reply), ranges)


def read_lease(reply: Mapping[str, Any]) -> int:
    """The id of a new lease."""
    identity = number(reply, "ID")
    if not identity:
        raise MalformedReply("a lease has no ID")
    return identity


def read_kept(reply: Mapping[str, Any]) -> int:
    """Seconds that a lease has after it was to begin anew; 0: it has ended."""
    result = members(reply, "result")
    read_lease(result)  # what names no lease says nothing about ours
    return number(result, "TTL")


def read_left(reply: Mapping[str, Any]) -> int:
    """Seconds that a lease still has; below 0: it has ended."""
    return number(reply, "TTL")


def read_watched(message: Mapping[str, Any]) -> WatchMessage:
    """A message of a watch. Raises EtcdError when it tells the end of the watch."""
    if error := members(message, "error"):
        raise EtcdError(f"the watch ended: {error.get('message')}")
    result = members(message, "result")
    if "compact_revision" in result:
        raise RevisionCompacted(f"revisions before {number(result, 'compact_revision')} are forgotten")
    if result.get("canceled"):
        reason = str(result.get("cancel_reason", "canceled"))
        raise (AccessDenied if "permission denied" in reason else EtcdError)(f"the watch ended: {reason}")
    events = [_event(entry) for entry in _list(result, "events")]
    progress = 0 if events or result.get("created") else revision(result)
    return WatchMessage(events, result.get("fragment") is True, progress)


def read_alarms(reply: Mapping[str, Any]) -> Sequence[str]:
    """What members of etcd are short of."""
    return sorted({str(entry.get("alarm", "NONE")) for entry in _list(reply, "alarms")})


def _list(reply: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = reply.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise MalformedReply(f"{name} is no list of objects")
    return value


def _event(entry: Mapping[str, Any]) -> KeyValue:
    changed = _key_value(members(entry, "kv"))
    if (changed.version == 0) is not (entry.get("type") == "DELETE"):
        raise MalformedReply("an event contradicts itself")
    return changed


def _key_value(entry: Mapping[str, Any]) -> KeyValue:
    return KeyValue(
        _bytes(entry, "key"),
        _bytes(entry, "value"),
        number(entry, "create_revision"),
        number(entry, "mod_revision"),
        number(entry, "version"),
        number(entry, "lease"),
    )


def _bytes(entry: Mapping[str, Any], name: str) -> bytes:
    value = entry.get(name, "")
    if not isinstance(value, str):
        raise MalformedReply(f"{name} is no text")
    return decode_base64(value)
