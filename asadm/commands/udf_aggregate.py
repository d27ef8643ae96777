"""``udf aggregate``: a stream UDF over a whole set, and the value that it comes to."""

from __future__ import annotations

from asadm.outcome import FAILED, GOOD, CommandOutcome
from asadm.target.aerospike.records import show
from asadm.target.aerospike.records.address import set_address
from asadm.target.aerospike.records.aggregation import reduced, streams
from asadm.target.aerospike.records.typed_values import values
from asadm.target.aerospike.records.udf_call import UdfInvocation, missing

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.aerospike.records.aggregation import NodeStream
    from asadm.target.interface import Target

NOTES = """\
The function gets a stream of the records and returns it with its operations: filter, map, aggregate, reduce, groupby. Each node does
those up to the first reduce on its own records; that reduce, over all nodes, and what follows are done here, with the module as a
node has it. A value that not all nodes have contributed to is not shown.

Arguments are JSON where they parse as such, else strings; values are shown as JSON, one a line.

Exit codes: 0 shown, 1 a node or the function failed, 2 usage, nothing was sent, 130 stopped by Ctrl-C.

Examples:
  asadm udf aggregate test.demo stats.average count
  asadm --timeout 60 udf aggregate test.demo stats.histogram age 10 --json"""


class AggregateSettings:
    """The set, and the function with its arguments."""

    __slots__ = ("call", "place")

    def __init__(self, arguments: CommandArguments) -> None:
        """Raises UsageError."""
        where, function, *words = arguments.names
        self.place = set_address(where)
        self.call = UdfInvocation(function, values([*words, *arguments.clauses.get("--", ())]))


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for what cannot be sent."""
    arguments.prepared = AggregateSettings(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Run it on the nodes, and its end here. Raises Error where that fails."""
    settings: AggregateSettings = arguments.prepared
    cluster = session.cluster(arguments)
    found = streams(cluster, settings.place, settings.call)
    answers = [each.answer for each in found]
    extra: dict[str, object] = {"set": str(settings.place)}
    failed = _failures(cluster, found, settings.call)
    if failed or not all(answer.good for answer in answers):
        return CommandOutcome(answers, messages=failed, code=FAILED if failed else None, extra=extra)
    sent = [value for each in found for value in each.values]
    if sent:
        first = next(each.answer.node for each in found if each.values)
        sent = reduced(cluster, first, settings.call, sent, cluster.timeout)
    extra["values"] = [show.as_json(value) for value in sent]
    lines = "".join(f"{show.value_text(value)}\n" for value in sent)
    messages = [] if sent else [f"{settings.place}: there is nothing to aggregate"]
    return CommandOutcome(
        answers,
        session.safe(lines.encode("utf-8", "surrogateescape")),
        messages=messages,
        code=GOOD,
        extra=extra,
    )


def _failures(cluster: Target, found: list[NodeStream], what: UdfInvocation) -> list[str]:
    """Why the function failed, each reason once with the nodes."""
    reasons: dict[str, list[str]] = {}
    for each in found:
        if each.failure is not None:
            place, node = each.failure.place, each.answer.node
            reason = str(each.failure) if place else missing(cluster, node, each.failure, what)
            reasons.setdefault(reason.removeprefix(f"{node.name} "), []).append(node.name)
    return [f"{', '.join(nodes)}: {reason}" for reason, nodes in reasons.items()]
