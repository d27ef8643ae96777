"""``record delete``: delete one record, at the node that owns it."""

from __future__ import annotations

from asadm.commands.record_options import DIGEST, KEY_NOTES, KEY_TYPE, address
from asadm.commands.record_outcome import written
from asadm.target.aerospike.records import show
from asadm.target.aerospike.records.client import delete

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.aerospike.records.address import RecordAddress

OPTIONS = (KEY_TYPE, DIGEST)

NOTES = f"""\
{KEY_NOTES}

Exit codes: 0 deleted, 1 there is no such record, or the node did not answer, 2 usage, nothing was sent, 130 stopped by Ctrl-C.

Examples:
  asadm --enable record delete test.demo/k
  asadm --enable record delete test.demo/6f1d... --digest"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for what is no record."""
    arguments.prepared = address(arguments, arguments.names[0])


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Delete it. Raises Error where its owner cannot be told."""
    where: RecordAddress = arguments.prepared
    answer = delete(session.cluster(arguments), where)
    return written(answer, f"{where} is deleted", {"record": show.address_json(where)})
