"""``record put``: write bins of one record, at the node that owns it."""

from __future__ import annotations

from asadm.commands.record_options import DIGEST, KEY_NOTES, KEY_TYPE, address
from asadm.commands.record_outcome import written
from asadm.target.aerospike.records import show
from asadm.target.aerospike.records.client import put
from asadm.target.aerospike.records.typed_values import ttl, typed_bin
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import CommandOutcome
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.aerospike.records.address import RecordAddress

TTL = Option(
    "ttl", metavar="SECONDS", help="Let the record expire then, or 'never'.  [the namespace's default]"
)
REPLACE = Option("replace", kind="flag", help="Remove the bins that are not named.")
OPTIONS = (KEY_TYPE, DIGEST, TTL, REPLACE)

NOTES = f"""\
{KEY_NOTES}
Values are JSON where they parse as such, else strings; null removes a bin. Bytes are {{"$bytes": "00FF"}}, a geo JSON text is
{{"$geo": "..."}}, a map with other keys than strings is {{"$map": [[1, "one"]]}}.

Exit codes: 0 written, 1 it was refused, or the node did not answer, 2 usage, nothing was sent, 130 stopped by Ctrl-C.

Examples:
  asadm --enable record put test.demo/k count=0 name=Ann
  asadm --enable record put test.demo/17 'tags=["a", "b"]' --ttl 3600"""


class PutSettings:
    """The record, its bins, and how long it lives."""

    __slots__ = ("address", "bins", "replace", "ttl")

    def __init__(self, arguments: CommandArguments) -> None:
        """Raises UsageError."""
        self.address: RecordAddress = address(arguments, arguments.names[0])
        self.bins = dict(map(typed_bin, arguments.names[1:]))
        self.ttl = ttl(arguments.options.text("ttl"))
        self.replace = arguments.options.flag("replace")
        if self.replace and None in self.bins.values():
            raise UsageError("--replace: removes what is not named: leave bins that are null away")


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for what cannot be sent."""
    arguments.prepared = PutSettings(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Write it. Raises Error where its owner cannot be told."""
    settings: PutSettings = arguments.prepared
    where = settings.address
    answer = put(session.cluster(arguments), where, settings.bins, ttl=settings.ttl, replace=settings.replace)
    return written(answer, f"{where} is written", {"record": show.address_json(where)})
