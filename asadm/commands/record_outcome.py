"""Outcomes of the commands about one record."""

from __future__ import annotations

from asadm.outcome import FAILED, GOOD, CommandOutcome
from asadm.target.aerospike.records.client import described

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.target.aerospike.records.client import RecordAnswer


def failed(answer: RecordAnswer, reason: str, extra: dict[str, object]) -> CommandOutcome:
    """The node answered that it cannot."""
    return CommandOutcome([answer.node], messages=[reason], code=FAILED, extra=extra)


def written(answer: RecordAnswer, done: str, extra: dict[str, object]) -> CommandOutcome:
    """What became of a change: ``done`` says what was done."""
    if not answer.replies:
        hint = (
            ["it may be done all the same: read the record"] if answer.node.status == "timeout-reply" else []
        )
        return CommandOutcome([answer.node], messages=hint, extra=extra)
    [reply] = answer.replies
    if reply.result:
        return failed(answer, described(reply.result), extra)
    extra["generation"] = reply.generation
    return CommandOutcome(
        [answer.node], f"{done}\n".encode("utf-8", "surrogateescape"), code=GOOD, extra=extra
    )
