"""A stream UDF over a whole set: each node does its half on the records that it owns, and the client's half is done here.

The client's half, from the first reduce on, runs the same module, with its text as a node serves it, in the sandbox of asudfd.
"""

from __future__ import annotations

from secrets import randbits

from asadm.outcome import NodeAnswer
from asadm.target.aerospike.records.client import described, limited
from asadm.target.aerospike.records.udf_call import FAILURE, SUCCESS, UdfFailure, source
from asinfo.errors import Error, UsageError, WireError
from asinfo.exchange import exchange
from asinfo.record_dialogue import stream_dialogue
from asinfo.text import text
from asinfo.wire import message, request
from asinfo.wire.result import Result

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.target.aerospike.records.address import SetAddress
    from asadm.target.aerospike.records.udf_call import UdfInvocation
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint, Reply
    from asinfo.wire.particle import Value

TEXT_FILE = "module.lua"
"""What errors call a module of which just the text is given."""

MODULES_MAX = 100
"""Modules that one requires, directly or not: more is a circle of names, or a mistake."""


class NodeStream:
    """What one node sent: its ``values``, or in ``answer`` why it sent none; ``failure`` is that of the function."""

    __slots__ = ("answer", "failure", "values")

    def __init__(self, answer: NodeAnswer) -> None:
        self.answer = answer
        self.values: list[Value] = []
        self.failure: UdfFailure | None = None


def streams(cluster: Target, where: SetAddress, what: UdfInvocation) -> list[NodeStream]:
    """The node's half on every node. Raises UsageError for arguments that cannot be sent."""
    try:
        sent = request.aggregate(
            where.namespace, where.set_name, what.module, what.function, what.arguments,
            job=randbits(63), policy=limited(cluster.timeout),
        )  # fmt: skip
    except WireError as error:
        raise UsageError(f"an argument cannot be sent: {error}") from None
    asks = [(node, sent) for node in cluster.nodes]
    return [_stream(reply) for reply in exchange(asks, timeout=cluster.timeout, converse=stream_dialogue)]


def _stream(reply: Reply) -> NodeStream:
    if reply.failure is not None:
        failure = reply.failure
        return NodeStream(NodeAnswer(reply.node, failure.kind, (), failure.reason, reply.milliseconds))
    stream = NodeStream(NodeAnswer(reply.node, "ok", (), "", reply.milliseconds))
    try:
        _read(stream, reply.body or b"")
    except WireError as error:
        stream.answer.status, stream.answer.error = "protocol", str(error)
    return stream


def _read(stream: NodeStream, body: bytes) -> None:
    """Take the replies of a stream. A set that a node has not is one without records. Raises WireError."""
    for header in message.replies(body):
        found = request.RecordReply(header, message.read_ops(body, header.ops_offset, header.op_count)[0])
        bins = found.bins
        if FAILURE in bins:
            stream.failure = UdfFailure(str(bins[FAILURE]).removeprefix("UDF: Execution Error 2 : "))
        elif SUCCESS in bins:
            stream.values.append(bins[SUCCESS])
        elif found.result not in {Result.OK, Result.NOT_FOUND} and stream.failure is None:
            stream.answer.status, stream.answer.error = "error", described(found.result)


def reduced(
    cluster: Target, node: Endpoint, what: UdfInvocation, values: list[Value], seconds: float
) -> list[Value]:
    """The client's half on the ``values`` of all nodes, with the module as ``node`` serves it.

    Raises Error for a module that it does not serve, and where the function fails: the text has the place.
    """
    from asudfd.offline import CallError, reduce_values

    modules = _modules(cluster, node, what)
    own = modules.pop(what.module)
    try:
        return reduce_values(own, what.function, what.arguments, values, modules=modules, seconds=seconds)
    except CallError as error:
        if error.file != TEXT_FILE:
            raise
        raise CallError(error.message, what.file, error.line, error.source) from None


def _modules(cluster: Target, node: Endpoint, what: UdfInvocation) -> dict[str, bytes]:
    """The texts of the module and of those that it requires, by their names without ``.lua``. Raises Error."""
    found: dict[str, bytes] = {}
    wanted = [what.file]
    while wanted and len(found) < MODULES_MAX:
        file = wanted.pop()
        name = file.removesuffix(".lua")
        if name in found:
            continue
        content = source(cluster, node, file)
        if not content and not found:
            raise Error(f"{node.name} does not serve {file}: the rest of the aggregation cannot be done here")
        found[name] = content
        wanted += map(text, cluster.rules.required(content))
    return {name: content for name, content in found.items() if content}
