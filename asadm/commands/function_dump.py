"""``function dump``: the libraries of the nodes, or of a file, as a payload that every server takes."""

from __future__ import annotations

import sys

from asadm.fleet.observed.survey import survey
from asadm.outcome import FAILED, INTERRUPTED, CommandOutcome
from asadm.save_file import file_or_output, save
from asadm.target.one_node import one_node
from asadm.target.valkey import payload_file, restore
from asadm.target.valkey.scripts import valkey_cluster
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import NodeAnswer
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

FROM = Option("from", metavar="NODE", help="Take the libraries of NODE. Needed where the nodes differ.")
OUT = Option("out", "o", metavar="FILE", help="Write the payload to FILE instead of standard output.")
PORTABLE = Option(
    "portable",
    kind="flag",
    help="Write the payload with version 10. This is what 'function dump' always does; the flag is needed with FILE, whose libraries are written anew so.",
)
OPTIONS = (FROM, OUT, PORTABLE)

NOTES = """\
The payload is of version 10, whatever the servers write themselves: Redis 7 and all versions of Valkey take it, by
'function restore', or by FUNCTION RESTORE. Valkey 9.1 itself writes version 80, which all others refuse: 'function dump --portable
FILE' writes such a payload anew, and makes one of an RDB file. It asks no node.

Exit codes: 0 done, 1 a node could not be read or the nodes differ, 2 usage, 130 stopped by Ctrl-C.

Examples:
  asadm function dump --out libraries.dump
  asadm fn dump --from 10.0.0.1:6379 > libraries.dump
  asadm --cluster other fn restore libraries.dump
  asadm fn dump --portable nine.dump --out libraries.dump"""


class DumpSettings:
    """The ``node`` that was named, the ``source`` to be read in place of nodes, and the ``file`` to write; None for what was not given."""

    __slots__ = ("file", "node", "source")

    def __init__(self, arguments: CommandArguments) -> None:
        """Raises UsageError for a file that cannot be made, and for what does not go together."""
        self.node = arguments.options.text("from")
        self.file = file_or_output(arguments.options.text("out"))
        self.source = next(iter(arguments.names), None)
        if self.source is None:
            return
        if not arguments.options.flag("portable"):
            raise UsageError(f"function dump: to write the payload {self.source} anew, give --portable")
        if self.node is not None or arguments.clauses.get("with"):
            raise UsageError(
                "function dump: --portable FILE asks no node: neither --from nor 'with' goes with it"
            )


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a file that cannot be made, and for what does not go together."""
    arguments.prepared = DumpSettings(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Read all nodes, the one that was named, or the file."""
    settings: DumpSettings = arguments.prepared
    if settings.file is None and (session.terminal or session.json):
        raise UsageError(
            "function dump: a payload is no text for a terminal or a JSON document: give --out FILE"
        )
    if settings.source is not None:
        libraries, payload = payload_file.portable(settings.source)
        return _written(session, settings, payload, libraries, [])
    return _of_nodes(session, settings, arguments)


def _of_nodes(session: CommandSession, settings: DumpSettings, arguments: CommandArguments) -> CommandOutcome:
    cluster = valkey_cluster(session.cluster(arguments))
    if settings.node is not None:
        cluster = one_node(cluster, "--from", settings.node)
    found = survey(cluster)
    if any(answer.status == "interrupted" for answer in found.answers):
        return CommandOutcome(found.answers, code=INTERRUPTED)
    differing = found.differing()
    if differing or not found.read:
        names = ", ".join(name.decode("utf-8", "replace") for name in differing)
        why = f"the nodes differ in {names}: choose one with --from NODE" if differing else "no node was read"
        return CommandOutcome(found.answers, messages=[why], code=FAILED)
    libraries = next(listing.modules for listing in found.listings if listing.modules is not None)
    payload = restore.payload([cluster.texts.texts[hash_] for hash_ in libraries.values()])
    return _written(session, settings, payload, len(libraries), found.answers)


def _written(
    session: CommandSession,
    settings: DumpSettings,
    payload: bytes,
    libraries: int,
    answers: Sequence[NodeAnswer],
) -> CommandOutcome:
    """Put the payload of so many libraries where it was asked for."""
    if settings.file is None:
        sys.stdout.flush()
        session.write(payload)
        return CommandOutcome(answers)
    save(settings.file, payload)
    return CommandOutcome(answers, extra={"file": settings.file, "libraries": libraries})
