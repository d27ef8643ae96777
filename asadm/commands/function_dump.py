"""``function dump``: all libraries of one node, or of all of them where they agree, as a payload that every server takes."""

from __future__ import annotations

import sys

from asadm.fleet.observed.survey import survey
from asadm.outcome import FAILED, INTERRUPTED, CommandOutcome
from asadm.save_file import possible, save
from asadm.target.one_node import one_node
from asadm.target.valkey import restore
from asadm.target.valkey.scripts import valkey_cluster
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

FROM = Option("from", metavar="NODE", help="Take the libraries of NODE. Needed where the nodes differ.")
OUT = Option("out", "o", metavar="FILE", help="Write the payload to FILE instead of standard output.")
OPTIONS = (FROM, OUT)

NOTES = """\
The payload is of version 10, whatever the servers write themselves: Redis 7 and all versions of Valkey take it, by
'function restore', or by FUNCTION RESTORE.

Exit codes: 0 done, 1 a node could not be read or the nodes differ, 2 usage, 130 stopped by Ctrl-C.

Examples:
  asadm function dump --out libraries.dump
  asadm fn dump --from 10.0.0.1:6379 > libraries.dump
  asadm --cluster other fn restore libraries.dump"""


class DumpSettings:
    """The ``node`` that was named, and the ``file``; None for either that was not."""

    __slots__ = ("file", "node")

    def __init__(self, arguments: CommandArguments) -> None:
        self.node = arguments.options.text("from")
        self.file = arguments.options.text("out")


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a file that cannot be made."""
    arguments.prepared = settings = DumpSettings(arguments)
    if settings.file is not None:
        possible(settings.file)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Read all nodes, or the one that was named."""
    settings: DumpSettings = arguments.prepared
    if settings.file is None and (session.terminal or session.json):
        raise UsageError(
            "function dump: a payload is no text for a terminal or a JSON document: give --out FILE"
        )
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
    if settings.file is None:
        sys.stdout.flush()
        session.write(payload)
        return CommandOutcome(found.answers)
    save(settings.file, payload)
    return CommandOutcome(found.answers, extra={"file": settings.file, "libraries": len(libraries)})
