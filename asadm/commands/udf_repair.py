"""``udf repair``: nodes that miss a module, or hold another version of it, get the right one.

A put is enough where the node takes it for a change. A real server does not where its cluster has agreed on just that
content, and a damaged file (``--verify``) is never mended by it: there the module is put with a marker line first, and
then as it should be, which is safe to interrupt; see `asadm.target.interface.Target.force_put`.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from asadm.fleet.change import confirm
from asadm.fleet.change.backup import IntendedChange
from asadm.fleet.change.guard import Change, announce, carry_out
from asadm.fleet.change.options import CHANGE, NOTE
from asadm.fleet.change.repair_run import RepairRun
from asadm.fleet.observed import right_version
from asadm.fleet.observed.coverage import coverage, unknown
from asadm.fleet.observed.grouping import count, gather, named, short
from asadm.fleet.observed.node_progress import ModuleChange, NodeProgress
from asadm.fleet.observed.survey import survey
from asadm.fleet.observed.unread import failures
from asadm.fleet.observed.verify import NEVER, verify
from asadm.outcome import FAILED, PENDING, CommandOutcome, exit_code
from asadm.target.rules import RULES
from asinfo.errors import UsageError
from asinfo.terminal.options import Option
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.change.backup import ChangeResult
    from asadm.fleet.change.repair_run import RepairRow
    from asadm.fleet.desired.directory import Directory
    from asadm.fleet.observed.right_version import RightVersion
    from asadm.fleet.observed.survey import Survey
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Target
    from asinfo.exchange import Node
    from asinfo.terminal.options import Values

FROM = Option("from", metavar="NODE", help="What this node lists is right, whatever the others have.")
DIRECTORY = Option("dir", metavar="DIR", help="The modules in this directory are right.")
LOOK = Option(
    "verify",
    kind="flag",
    help="Read every module from every node, before and after: finds damaged files too.",
)
OPTIONS = (FROM, DIRECTORY, LOOK, *CHANGE, NOTE)

NOTES = """\
What is right: what the directory has (--dir), what a node has (--from), or what most nodes list. A module of which no
version has the most nodes, or that most nodes (or that of --from) do not have, is told and left as it is: you have to
say what is right, or remove it. The others are repaired.
A real server takes an identical put for no change; where that stands in the way, the module is put with a marker line
first and then as it should be. What remains is the true content, also when this is stopped in the middle.

Exit codes: 0 done, or nothing to repair; 1 a node failed or could not be read, or you have to decide about a module; 2
the command line is wrong and nothing was sent; 3 a dry run with something to do; 130 stopped by Ctrl-C.

Examples:
  asadm udf repair --dry-run             who has what, and what it would get
  asadm udf repair counter.lua --from n1 n1 is right
  asadm udf repair --dir udf --yes       as in the directory
  asadm udf repair --verify --yes        damaged files too, which no list shows"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for flags that make no sense, for a directory that cannot be, and when nobody could confirm."""
    options = arguments.options
    for name in arguments.names:
        RULES.sendable(os.fsencode(name))
    path = options.text("dir")
    if options.text("from") and path:
        raise UsageError("--from and --dir each say what is right: give one of them")
    confirm.require(options)
    if path is not None:
        from asadm.fleet.desired import directory

        arguments.prepared = directory.read(path)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Look, ask, mend, tell. Exit code 0, 1, 2, 3 for a dry run with something to do, or that of a signal."""
    return carry_out(_RepairChange(session, arguments))


class _RepairChange(Change):
    """One run."""

    def __init__(self, session: CommandSession, arguments: CommandArguments) -> None:
        super().__init__(session, arguments.options, session.cluster(arguments))
        self.names = [os.fsencode(name) for name in arguments.names]
        self.directory: Directory | None = arguments.prepared
        self.verdicts: list[RightVersion] = []
        self.wrong: list[RightVersion] = []
        self.mending: RepairRun | None = None
        self.unseen: list[str] = []
        """Nodes whose files could not be read, in words."""

    def look(self) -> None:
        """Which nodes have not what is right, and what that is."""
        self.survey = survey(self.cluster)
        if any(answer.status == "interrupted" for answer in self.survey.answers):
            raise KeyboardInterrupt
        self.verdicts = _verdicts(self.cluster, self.survey, self.names, self.options, self.directory)
        if self.options.flag("verify"):
            self.unseen = _look_at_files(
                self.cluster, self.survey, self.verdicts, self.budget.deadline or NEVER
            )
        self.wrong = [each for each in self.verdicts if each.wrong or each.reason]
        self.pending = any(each.content is not None for each in self.wrong)

    def idle(self, deadline: float) -> CommandOutcome:
        """All is well on the nodes that were read, or nothing can be decided."""
        del deadline
        if self.wrong:
            return self.only_shown()
        seen = self.survey
        where = "" if seen.complete else f" on {coverage(seen.read, len(seen.listings))}"
        note = f"nothing to repair{where}: {count(len(self.verdicts) or len(seen.names()), 'module')}"
        if not seen.read:
            note = unknown(len(seen.listings))
        code = FAILED if self.unseen else None
        return CommandOutcome(
            self.survey.answers, failures(self.survey), messages=[note, *self.unseen], code=code
        )

    def only_shown(self) -> CommandOutcome:
        """Who has what, and what it would get."""
        if not self.wrong:
            return self.idle(0.0)
        undecided = self.unseen or not self.survey.complete or any(each.reason for each in self.wrong)
        return CommandOutcome(
            self.survey.answers,
            [self._preview(), *failures(self.survey)],
            messages=[*_remarks(self.wrong), *self.unseen],
            code=FAILED if undecided else PENDING,
            extra={"repairs": _document(self.wrong)},
        )

    def show(self) -> None:
        """The same, before the question."""
        if not (self.session.json and self.options.flag("yes")):
            announce(self.session, self._preview())

    def _preview(self) -> Sheet:
        """A row for each module, and for all nodes that have the same."""
        nodes = self.survey.nodes()
        rows: list[list[Cell | str | float | None]] = []
        for each in self.wrong:
            states = [each.wrong.get(node) for node in nodes]
            for state, positions in gather(states).items():
                if state is not None:
                    gets = "undecided" if each.content is None else short(each.hash)
                    rows.append([text(each.name), named(nodes, positions), Cell(state, "bad"), gets])
        return Sheet("To repair", ["Module", "Nodes", "Has", "Gets"], rows)

    def question(self) -> str:
        """How much it is."""
        return f"Repair {_count([each for each in self.wrong if each.content is not None])}?"

    def groups(self) -> Sequence[Sequence[Node]]:
        """The nodes that were read, by cluster."""
        return self.cluster.groups([each.node for each in self.survey.listings if each.read])

    def intents(self) -> list[IntendedChange]:
        """The modules of which it is known what is right."""
        return [self._intent(each) for each in self.wrong if each.content is not None]

    def _intent(self, each: RightVersion) -> IntendedChange:
        nodes = [node.address for node in self.survey.nodes()]
        return IntendedChange("repair", each.name, each.hash, each.content, nodes)

    def carry_out(self, groups: Sequence[Sequence[Node]], deadline: float) -> CommandOutcome:
        """Mend what can be, and tell of the rest."""
        wait = max(0.0, deadline - time.monotonic())
        mending = self.mending = RepairRun(self.cluster, groups, wait=wait, warn=self.session.warn)
        with mending.stoppable():
            _mend_all(mending, self.survey, self.wrong)
            if self.options.flag("verify") and not mending.stopped:
                _verify_after(mending, self.cluster, self.survey, self.wrong)
            self.done()
        answers = mending.answers(self.survey)
        undecided = self.unseen or any(each.reason for each in self.wrong)
        return CommandOutcome(
            answers,
            [mending.sheet("Repair"), *failures(self.survey)],
            messages=[*mending.alarms(), *_remarks(self.wrong), *self.unseen],
            code=mending.stopped or (FAILED if undecided else exit_code(answers)),
            extra={"repairs": mending.document()},
            read=self.survey.read,
        )

    def results(self) -> list[ChangeResult]:
        """By module, of the nodes that did not have it right."""
        wrong = [each for each in self.wrong if each.content is not None]
        return [self.mending.result(self._intent(each)) for each in wrong] if self.mending else []


def _verdicts(
    cluster: Target, seen: Survey, names: Sequence[bytes], options: Values, directory: Directory | None
) -> list[RightVersion]:
    if directory is not None:
        from asadm.fleet.plan import plan

        plan.permit(cluster, directory)
        return right_version.by_directory(cluster, seen, names, directory)
    return right_version.by_nodes(
        cluster, seen, names, trusted=_trusted(cluster, seen, options), verify=options.flag("verify")
    )


def _trusted(cluster: Target, seen: Survey, options: Values) -> Node | None:
    """The node of --from. Raises UsageError when it is not one, or could not be read."""
    name = options.text("from")
    if name is None:
        return None
    members = cluster.only([name]).members
    if len(members) != 1:
        raise UsageError(f"--from {name} means {len(members)} nodes: name one")
    for listing in seen.listings:
        if listing.node is members[0].node and not listing.read:
            raise UsageError(f"--from {name}: the node could not be read: {listing.answer.error}")
    return members[0].node


def _look_at_files(
    cluster: Target, seen: Survey, verdicts: Sequence[RightVersion], deadline: float
) -> list[str]:
    """Where a node lists the right version, see whether it serves it; the nodes that did not tell, in words."""
    items = [
        ModuleChange(each.name, each.content, each.hash) for each in verdicts if each.content is not None
    ]
    places = [NodeProgress(listing, items) for listing in seen.listings]
    verify(cluster, items, places, deadline)
    silent: dict[str, str] = {}
    for each in verdicts:
        for place in places:
            cell = place.cells.get(each.name)
            if cell is not None and cell.status == "unverified":
                each.states[place.node] = right_version.DAMAGED
            elif cell is not None and cell.error:
                silent.setdefault(place.node.name, cell.error)
    return [f"{name}: files were not looked at: {error}" for name, error in silent.items()]


def _mend_all(mending: RepairRun, seen: Survey, wrong: Sequence[RightVersion]) -> None:
    """Damaged files by marker puts, for no list shows them; then all the rest together."""
    plain: list[tuple[RightVersion, list[RepairRow]]] = []
    for each in wrong:
        rows = [row for node, was in each.wrong.items() for row in mending.add(each.name, [node], was)]
        if each.content is None or each.hash is None:
            mending.skip(rows, "undecided", each.reason)
            continue
        damaged = [row for row in rows if row.was == right_version.DAMAGED]
        if damaged and not mending.over(damaged):
            mending.force(each.name, each.content, damaged)
        plain.append((each, [row for row in rows if row.was != right_version.DAMAGED]))
    lacking = [row for _, rows in plain for row in rows]
    if lacking and not mending.over(lacking):
        mending.put(
            [ModuleChange(each.name, each.content, each.hash) for each, rows in plain if rows], seen, lacking
        )
    for each, rows in plain:
        marked = any(row.was == right_version.MARKER for row in rows)
        if marked and each.content is not None and all(row.good for row in rows):
            mending.cluster.leftovers.end(each.name, each.content)


def _verify_after(mending: RepairRun, cluster: Target, seen: Survey, wrong: Sequence[RightVersion]) -> None:
    """Prove that the mended nodes serve what they list now."""
    items = [ModuleChange(each.name, each.content, each.hash) for each in wrong if each.content is not None]
    places = [NodeProgress(listing, items) for listing in survey(cluster, seen.nodes()).listings]
    verify(cluster, items, places, mending.deadline)
    for place in places:
        for row in mending.rows:
            cell = place.cells.get(row.name)
            if row.node is place.node and row.good and cell is not None and cell.error:
                row.end(cell.status, cell.error, mending.milliseconds)


def _document(wrong: Sequence[RightVersion]) -> list[dict[str, object]]:
    return [
        {"module": text(each.name), "node": node.name, "was": state, "hash": each.hash}
        for each in wrong
        for node, state in each.wrong.items()
    ]


def _remarks(wrong: Sequence[RightVersion]) -> list[str]:
    return [f"{text(each.name)}: {each.reason}" for each in wrong if each.reason]


def _count(wrong: Sequence[RightVersion]) -> str:
    nodes = {node for each in wrong for node in each.wrong}
    return f"{len(wrong)} module{'' if len(wrong) == 1 else 's'} on {len(nodes)} node{'' if len(nodes) == 1 else 's'}"
