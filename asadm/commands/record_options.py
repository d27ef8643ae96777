"""Options and settings of the commands about one record."""

from __future__ import annotations

from asadm.target.aerospike.records.address import KEY_TYPES, record_address
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.statement import CommandArguments
    from asadm.target.aerospike.records.address import RecordAddress

KEY_TYPE = Option(
    "key-type",
    kind="choice",
    choices=KEY_TYPES,
    default="auto",
    metavar="TYPE",
    help="What KEY is: string, integer, bytes (in hexadecimal), digest (40 hexadecimal digits); auto: an integer where it looks like one, else a string.  [auto]",
)
DIGEST = Option("digest", kind="flag", help="KEY is the digest of the record: the same as --key-type digest.")

KEY_NOTES = """\
A record is NS.SET/KEY, or NS/KEY in no set. KEY is an integer where it looks like one, else a string; '"5"' is the string 5."""


def address(arguments: CommandArguments, word: str) -> RecordAddress:
    """The record that ``word`` means. Raises UsageError."""
    options = arguments.options
    return record_address(word, "digest" if options.flag("digest") else options.text("key-type") or "auto")
