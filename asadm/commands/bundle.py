"""``bundle``: every answer of every node in one archive, for support."""

from __future__ import annotations

import os
from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

from asadm.bundle import redaction
from asadm.bundle.support_bundle import SupportBundle
from asadm.fleet.desired import directory
from asadm.fleet.observed.survey import Survey
from asadm.fleet.plan import plan, show
from asadm.outcome import FAILED, CommandOutcome, NodeAnswer, exit_code
from asadm.save_file import STANDARD_OUTPUT, possible, save
from asadm.settings import TargetSettings
from asadm.target.aerospike.cluster import info_cluster
from asadm.targets import inventory_path
from asinfo.errors import Error, UsageError
from asinfo.terminal.options import Option
from asinfo.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from asadm.fleet.desired.directory import ModuleDirectory
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.aerospike.views.all_answers import Collected
    from asadm.target.interface import Target

OPTIONS = (
    Option(
        "output",
        "o",
        metavar="FILE",
        help="Write the archive to FILE; - is standard output.  [asudf-bundle-CLUSTER-TIME.tar.gz here]",
    ),
    Option(
        "dir",
        metavar="DIR",
        help="Also put in what 'udf plan DIR' would change. Sources of modules are not put in.",
    ),
)

NOTES = f"""\
The archive has: the answer of every node to every info command that asadm asks, as it came, a file each, and what it refused; the
inventory; every module with its hash on every node; versions, times and states. README.txt in it says so too.

Left out are {redaction.TOLD}
Nothing is changed on any node, and nothing is sent anywhere. The file is readable for its owner only. A node that hangs is waited
for once (--timeout), and what it said before is kept; of a node at most 32 MiB are kept.

Exit codes: 0 all nodes were read, 1 one was not, and the archive has the others, 2 the command line is wrong, or the file cannot be
written.

Examples:
  asadm bundle                                   of the nodes of the inventory
  asadm -h 10.0.0.1 --discover bundle -o support.tar.gz
  asadm bundle --dir config/udf with db1 db2"""

WIDTH = 80
"""Columns of the lines that say what is left out."""


class BundleSettings(NamedTuple):
    """Where the archive goes, None for a name of its own; and the directory that the modules are compared with."""

    output: str | None
    directory: ModuleDirectory | None


def check(arguments: CommandArguments) -> None:
    """Raises UsageError and ConfigError for a file that cannot be written, and a directory that is none."""
    output, path = arguments.options.text("output"), arguments.options.text("dir")
    if output not in {None, STANDARD_OUTPUT}:
        possible(output or "")
    found = None if path is None else directory.read(path, arguments.rules)
    arguments.prepared = BundleSettings(output, found)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Ask all nodes, and write down what they said."""
    from asadm.target.aerospike.views import all_answers

    settings: BundleSettings = arguments.prepared
    if settings.output == STANDARD_OUTPUT and (session.terminal or session.json):
        raise UsageError(
            "-o -: an archive is nothing for a terminal, and does not go with --json: give -o FILE"
        )
    target = session.cluster(arguments)
    made = SupportBundle(target.name)
    answers, lists = [], []
    for each in all_answers.collect(info_cluster(target)):
        made.add_node(each.answer, each.said, each.refused, milliseconds=each.milliseconds, gap=each.gap)
        answers.append(_answer(each))
        lists.append(_listed(each))
    made.add_json("modules.json", _modules(target, lists, settings.directory))
    inventory = _inventory(session)
    if inventory is not None:
        made.add_json("inventory.json", inventory)
    return _written(made, answers, settings.output)


def _answer(each: Collected) -> NodeAnswer:
    """Whether the node told all that it was asked; it may have stopped in the middle."""
    if not each.gap:
        return each.answer
    status, _, reason = each.gap.partition(": ")
    return NodeAnswer(each.answer.node, status, (), reason, each.milliseconds).like(each.answer)


def _listed(each: Collected) -> NodeAnswer:
    """What the node said to ``udf-list``."""
    listed = each.said.get("udf-list")
    if each.answer.good and listed is not None:
        return NodeAnswer(each.answer.node, "ok", [listed])
    reason = each.answer.error or each.refused.get("udf-list", "it did not list its modules")
    return NodeAnswer(each.answer.node, each.answer.status if each.answer.error else "error", (), reason)


def _modules(
    target: Target, lists: Sequence[NodeAnswer], wanted: ModuleDirectory | None
) -> dict[str, object]:
    """Every module with its hash on every node, and the plan for a directory."""
    survey = Survey(target.listings(lists), target.noun)
    hashes = {
        listing.node.name: {
            name.decode("utf-8", "backslashreplace"): hash_ for name, hash_ in listing.modules.items()
        }
        for listing in survey.listings
        if listing.modules is not None
    }
    said: dict[str, object] = {"nodes": hashes}
    if wanted is not None:
        said["plan"] = show.document(plan.make(wanted, survey, prune=False))
    return said


def _inventory(session: CommandSession) -> Any:
    """The cluster as the inventory has it, without logins; None where there is none."""
    flags = session.flags
    path = inventory_path(TargetSettings(flags)) if flags is not None else None
    if path is None or flags is None:
        return None
    from asadm import inventory

    name, found = inventory.cluster(inventory.load(path, os.environ), path, flags.text("cluster"))
    return {"path": path, "cluster": name, **redaction.inventory(found)}


def _written(made: SupportBundle, answers: Sequence[NodeAnswer], output: str | None) -> CommandOutcome:
    content = made.finish()
    read = sum(answer.good for answer in answers)
    summary = (
        f"{made.files} {plural('file')} of {read} of {len(answers)} nodes, {len(content) / 1024:.0f} KiB"
    )
    file = f"{made.name}.tar.gz" if output is None else output
    extra: dict[str, object] = {"file": file, "bytes": len(content), "files": made.files}
    if file == STANDARD_OUTPUT:
        return CommandOutcome(answers, content, messages=[summary], extra=extra)
    try:
        save(file, content, private=True)
    except Error as error:
        return CommandOutcome(
            answers, messages=[str(error)], code=max(exit_code(answers), FAILED), extra=extra
        )
    shown = f"{file}: {summary}\n{fill(f'left out: {redaction.TOLD}', WIDTH)}\n"
    return CommandOutcome(answers, shown.encode("utf-8", "backslashreplace"), extra=extra)
