"""``record get``: read one record, at the node that owns it."""

from __future__ import annotations

from asadm.commands.record_options import DIGEST, KEY_NOTES, KEY_TYPE, address
from asadm.commands.record_outcome import failed
from asadm.outcome import CommandOutcome
from asadm.target.aerospike.records import show
from asadm.target.aerospike.records.client import get, state
from asinfo.errors import WireError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.aerospike.records.address import RecordAddress

OPTIONS = (KEY_TYPE, DIGEST)

NOTES = f"""\
{KEY_NOTES}
With BINs just those are read. Values are shown as JSON: bytes as {{"$bytes": "00FF"}}, a geo JSON text as {{"$geo": "..."}}.

Exit codes: 0 shown, 1 there is no such record, or the node did not answer, 2 usage, 130 stopped by Ctrl-C.

Examples:
  asadm record get test.demo/k
  asadm record get test.demo/17 name age --json"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for what is no record."""
    arguments.prepared = address(arguments, arguments.names[0])


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Read it. Raises Error where its owner cannot be told."""
    where: RecordAddress = arguments.prepared
    answer = get(session.cluster(arguments), where, arguments.names[1:])
    extra: dict[str, object] = {"record": show.address_json(where)}
    if not answer.replies:
        return CommandOutcome([answer.node], extra=extra)
    try:
        record = state(answer.replies[0])
    except WireError as error:
        return failed(answer, str(error), extra)
    if record is None:
        return failed(answer, f"there is no record {where} ({where.kind} key)", extra | {"found": None})
    extra["found"] = show.record_json(record)
    lines = [f"{where}  {record.head}", *(f"  {line}" for line in show.lines(record))]
    text = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
    return CommandOutcome([answer.node], session.safe(text), extra=extra)
