"""Calls a UDF on one record, between two readings of it in the same write; and says what is wrong where it failed."""

from __future__ import annotations

from asadm.target.aerospike.records.client import ask, described, limited, state
from asadm.target.results import SourceError
from asinfo.errors import UsageError, WireError
from asinfo.text import text
from asinfo.wire import request
from asinfo.wire.result import Result

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import NodeAnswer
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint
    from asinfo.record_text import RecordText
    from asinfo.wire.particle import Value
    from asinfo.wire.request import Key, RecordReply

SUCCESS = "SUCCESS"
FAILURE = "FAILURE"
_EXTENSION = ".lua"
_NO_MODULE = "UDF: Execution Error 1"
_NO_FUNCTION = "function not found"
NAMED_MAX = 10
"""Modules that are named where one is missing."""


class UdfInvocation:
    """A function of a module, its file name with or without ``.lua``, and its arguments."""

    __slots__ = ("arguments", "function", "module")

    def __init__(self, word: str, arguments: Sequence[Value]) -> None:
        """``word`` is ``MODULE.FUNCTION``. Raises UsageError."""
        module, dot, self.function = word.rpartition(".")
        if not dot or not module or not self.function:
            raise UsageError(f"{word!r} is no function: write MODULE.FUNCTION, as in counter.increment")
        self.module = module.removesuffix(_EXTENSION)
        self.arguments = arguments

    @property
    def file(self) -> str:
        """The file name of the module."""
        return self.module + _EXTENSION

    def message(self, key: Key, timeout: float) -> bytes:
        """The request. Raises UsageError for arguments that cannot be sent."""
        try:
            return request.apply(key, self.module, self.function, self.arguments, limited(timeout))
        except WireError as error:
            raise UsageError(f"an argument cannot be sent: {error}") from None


class UdfFailure:
    """Why a call failed: ``reason`` for a person; ``place`` is file, line and message where Lua told them."""

    __slots__ = ("place", "reason")

    def __init__(self, reason: str) -> None:
        self.place = _place(reason)
        self.reason = reason

    def __str__(self) -> str:
        place = self.place
        return f"{place.file}:{place.line}: {place.message}" if place else self.reason


def _place(reason: str) -> SourceError | None:
    """``PATH/counter.lua:3: message``; None for another text. Lua cuts the beginning of a long path."""
    path, found, rest = reason.partition(f"{_EXTENSION}:")
    line, colon, message = rest.partition(": ")
    if not found or not colon or not line.isdigit() or len(line) > 9:
        return None
    return SourceError(path.rpartition("/")[2] + _EXTENSION, int(line), message)


class UdfRunResult:
    """What came of a call: ``node`` tells who answered; ``before`` and ``after`` are the record then.

    ``value``    what the function returned; meaningless where it failed
    ``failure``  why it failed; None where it did not
    """

    __slots__ = ("after", "before", "failure", "node", "value")

    def __init__(self, node: NodeAnswer) -> None:
        self.node = node
        self.before: RecordText | None = None
        self.after: RecordText | None = None
        self.value: Value = None
        self.failure: UdfFailure | None = None


def outcome(reply: RecordReply) -> tuple[Value, UdfFailure | None]:
    """What a reply to a call says: the value, and the failure where there is one. Raises WireError for values of an unknown type."""
    bins = reply.bins
    if reply.result == Result.OK and SUCCESS in bins:
        return bins[SUCCESS], None
    said = bins.get(FAILURE)
    return None, UdfFailure(said if isinstance(said, str) else described(reply.result))


def reason(reply: RecordReply) -> str:
    """Why a call failed; empty where it did not. Raises WireError."""
    failure = outcome(reply)[1]
    return str(failure) if failure else ""


def call(cluster: Target, key: Key, what: UdfInvocation, *, timeout: float) -> UdfRunResult:
    """Read the record, call the function, read the record again, at the node that owns it.

    Raises Error where that node cannot be told, UsageError for what cannot be sent.
    """
    read = request.get(key, policy=limited(timeout))
    answer = ask(cluster, key, [read, what.message(key, timeout), read], timeout=timeout)
    result = UdfRunResult(answer.node)
    if not answer.replies:
        return result
    before, called, after = answer.replies
    try:
        result.value, result.failure = outcome(called)
        result.before, result.after = state(before), state(after)
    except WireError as error:
        result.failure = result.failure or UdfFailure(str(error))
    return result


def source(cluster: Target, node: Endpoint, file: str) -> bytes:
    """The source of a module as ``node`` serves it; empty where it does not."""
    command = cluster.get_command(file.encode("utf-8", "surrogateescape"))
    [answer] = cluster.each([command], nodes=[node])
    if not answer.good or not cluster.judge(answer.answer).done:
        return b""
    try:
        return cluster.content(answer.answer)
    except WireError:
        return b""


def missing(cluster: Target, node: Endpoint, failure: UdfFailure, what: UdfInvocation) -> str:
    """What ``node`` has not got, and has instead; the reason of the failure where it is another."""
    if failure.reason == _NO_FUNCTION:
        return f"{what.file} has no function {what.function!r}"
    if failure.reason != _NO_MODULE:
        return failure.reason
    [listing] = cluster.listings(cluster.each([cluster.list_command()], nodes=[node]))
    names = sorted(map(text, listing.modules or ()))
    if what.file in names:
        return f"{node.name} cannot load {what.file}, or a module that it requires: its log says why"
    listed = ", ".join(names[:NAMED_MAX]) + (", ..." if len(names) > NAMED_MAX else "")
    return f"{node.name} has no module {what.file}: it has {listed or 'none'}"
