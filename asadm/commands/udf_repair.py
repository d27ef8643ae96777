"""``udf repair``: nodes that miss a module, or hold another version of it, get the right one.

A put is enough where the node takes it for a change. A real server does not where its cluster has agreed on just that
content, and a damaged file (``--verify``) is never mended by it: there the module is put with a marker line first, and
then as it should be, which is safe to interrupt; see `asadm.target.interface.Target.force_put`.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from asadm.fleet.change import confirm
from asadm.fleet.change.backup import IntendedChange
from asadm.fleet.change.guard import Change, ChangeOutcome, Proposal, announce, carry_out
from asadm.fleet.change.options import CHANGE, NOTE
from asadm.fleet.change.repair_run import RepairRun
from asadm.fleet.change.settings import ChangeSettings
from asadm.fleet.observed import right_version
from asadm.fleet.observed.grouping import count, gather, named, short
from asadm.fleet.observed.node_progress import ModuleChange, NodeProgress
from asadm.fleet.observed.survey import coverage, survey, unknown
from asadm.fleet.observed.unread import failures
from asadm.fleet.observed.verify import NEVER, verify
from asadm.outcome import FAILED, PENDING, CommandOutcome, exit_code
from asinfo.errors import UsageError
from asinfo.terminal.options import Option
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.change.guard import ExecutionParameters, Seen
    from asadm.fleet.change.repair_run import RepairRow
    from asadm.fleet.desired.directory import ModuleDirectory
    from asadm.fleet.observed.right_version import RightVersion
    from asadm.fleet.observed.survey import Survey
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

FROM = Option(
    "from",
    metavar="NODE",
    help="Take the versions of NODE as the right ones, and give them to all other nodes. Without --from and --dir the version of most nodes is right.",
)
DIRECTORY = Option("dir", metavar="DIR", help="Take the modules in DIR as the right ones.")
LOOK = Option(
    "verify",
    kind="flag",
    help="Also read every module from every node, before and after the repair, and compare its bytes. This finds and repairs damaged files.",
)
OPTIONS = (FROM, DIRECTORY, LOOK, *CHANGE, NOTE)

NOTES = """\
The right version of a module is the one in the directory (--dir), the one of a node (--from), or else the one that most
nodes list. If no version has a majority, or most nodes (or the node of --from) do not have the module, it is reported and
not changed: choose with --from or --dir, or remove it.
A real server ignores a put of what its cluster already has. Where that stands in the way, the module is put with a
comment line added and then without it. This may be interrupted at any moment.

Exit codes: 0 done, or nothing to repair; 1 a node failed or could not be read, or you have to decide about a module; 2
the command line is wrong and nothing was sent; 3 a dry run with something to do; 130 stopped by Ctrl-C.

Examples:
  asadm udf repair --dry-run             who has what, and what it would get
  asadm udf repair counter.lua --from n1 n1 is right
  asadm udf repair --dir udf --yes       as in the directory
  asadm udf repair --verify --yes        damaged files too, which no list shows"""


class RepairSettings(NamedTuple):
    """What is repaired, and how.

    ``names``      the modules; empty for all
    ``directory``  the modules that are right; None where the nodes decide
    ``trusted``    the node whose version is right; None where most nodes decide
    ``verify``     whether all modules are read from all nodes
    """

    change: ChangeSettings
    names: Sequence[bytes]
    directory: ModuleDirectory | None
    trusted: str | None
    verify: bool


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for flags that make no sense, for a directory that cannot be, and when nobody could confirm."""
    options = arguments.options
    names = [arguments.rules.sendable(os.fsencode(name)) for name in arguments.names]
    path, trusted = options.text("dir"), options.text("from")
    if trusted and path:
        raise UsageError("--from and --dir each say what is right: give one of them")
    settings = ChangeSettings.of(options)
    confirm.require(settings)
    directory = None
    if path is not None:
        from asadm.fleet.desired.directory import read

        directory = read(path, arguments.rules)
    arguments.prepared = RepairSettings(settings, names, directory, trusted, verify=options.flag("verify"))


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Look, ask, repair, tell. Exit code 0, 1, 2, 3 for a dry run with something to do, or that of a signal."""
    settings: RepairSettings = arguments.prepared
    cluster = session.cluster(arguments)

    def look(seen: Seen) -> Proposal:
        found = survey(cluster)
        seen(found)
        return _Repair(session, settings, cluster, found).proposal()

    return carry_out(Change(session, settings.change, cluster, look))


class _Repair:
    """The repair that one ``survey`` calls for: the right versions, the nodes that lack them, and the puts."""

    def __init__(
        self, session: CommandSession, settings: RepairSettings, cluster: Target, survey: Survey
    ) -> None:
        """Decide what is right. Raises UsageError where the command line is wrong about the nodes."""
        self.session = session
        self.settings = settings
        self.cluster = cluster
        self.survey = survey
        self.versions = _right_versions(cluster, survey, settings)
        self.unseen: list[str] = []
        """Nodes whose files could not be read, in words."""
        if settings.verify:
            deadline = cluster.budget.deadline if cluster.budget else None
            self.unseen = _look_at_files(cluster, survey, self.versions, deadline or NEVER)
        self.wrong = [each for each in self.versions if each.wrong or each.reason]
        self.decided = [each for each in self.wrong if each.content is not None]

    def proposal(self) -> Proposal:
        """What would be repaired."""
        return Proposal(
            survey=self.survey,
            pending=bool(self.decided),
            question=f"Repair {_count(self.decided)}?",
            intents=[self._intent(each) for each in self.decided],
            only_shown=self._only_shown,
            idle=lambda _deadline: ChangeOutcome(self._idle(), ()),
            show=self._show,
            groups=self._groups,
            carry_out=self._carry_out,
        )

    def _idle(self) -> CommandOutcome:
        """All is well on the nodes that were read, or nothing can be decided."""
        if self.wrong:
            return self._only_shown()
        seen = self.survey
        where = "" if seen.complete else f" on {coverage(seen.read, len(seen.listings))}"
        note = f"nothing to repair{where}: {count(len(self.versions) or len(seen.names()), 'module')}"
        if not seen.read:
            note = unknown(len(seen.listings))
        code = FAILED if self.unseen else None
        return CommandOutcome(
            self.survey.answers, failures(self.survey), messages=[note, *self.unseen], code=code
        )

    def _only_shown(self) -> CommandOutcome:
        """Who has what, and what it would get."""
        if not self.wrong:
            return self._idle()
        undecided = self.unseen or not self.survey.complete or any(each.reason for each in self.wrong)
        return CommandOutcome(
            self.survey.answers,
            [self._preview(), *failures(self.survey)],
            messages=[*_remarks(self.wrong), *self.unseen],
            code=FAILED if undecided else PENDING,
            extra={"repairs": _document(self.wrong)},
        )

    def _show(self) -> None:
        """The same, before the question."""
        if not (self.session.json and self.settings.change.yes):
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

    def _groups(self) -> Sequence[Sequence[Endpoint]]:
        """The nodes that were read, by cluster."""
        return self.cluster.groups([each.node for each in self.survey.listings if each.read])

    def _intent(self, each: RightVersion) -> IntendedChange:
        nodes = [node.address for node in self.survey.nodes()]
        return IntendedChange("repair", each.name, each.hash, each.content, nodes)

    def _carry_out(self, parameters: ExecutionParameters) -> ChangeOutcome:
        """Repair what can be, and tell of the rest."""
        wait = max(0.0, parameters.deadline - time.monotonic())
        repair = RepairRun(self.cluster, parameters.groups, wait=wait, warn=self.session.warn)
        with repair.stoppable():
            _repair_all(repair, self.survey, self.wrong)
            if self.settings.verify and not repair.stopped:
                _verify_after(repair, self.cluster, self.survey, self.wrong)
            parameters.done()
        answers = repair.answers(self.survey)
        undecided = self.unseen or any(each.reason for each in self.wrong)
        outcome = CommandOutcome(
            answers,
            [repair.sheet("Repair"), *failures(self.survey)],
            messages=[*repair.alarms(), *_remarks(self.wrong), *self.unseen],
            code=repair.stopped or (FAILED if undecided else exit_code(answers)),
            extra={"repairs": repair.document()},
            read=self.survey.read,
        )
        return ChangeOutcome(outcome, [repair.result(self._intent(each)) for each in self.decided])


def _right_versions(cluster: Target, seen: Survey, settings: RepairSettings) -> list[RightVersion]:
    if settings.directory is not None:
        from asadm.fleet.plan import plan

        plan.permit(cluster, settings.directory)
        return right_version.by_directory(cluster, seen, settings.names, settings.directory)
    trusted = None if settings.trusted is None else _trusted(cluster, seen, settings.trusted)
    return right_version.by_nodes(cluster, seen, settings.names, trusted=trusted, verify=settings.verify)


def _trusted(cluster: Target, seen: Survey, name: str) -> Endpoint:
    """The node of --from. Raises UsageError when it is not one, or could not be read."""
    members = cluster.only([name]).members
    if len(members) != 1:
        raise UsageError(f"--from {name} means {len(members)} nodes: name one")
    for listing in seen.listings:
        if listing.node is members[0].node and not listing.read:
            raise UsageError(f"--from {name}: the node could not be read: {listing.answer.error}")
    return members[0].node


def _look_at_files(
    cluster: Target, seen: Survey, versions: Sequence[RightVersion], deadline: float
) -> list[str]:
    """Where a node lists the right version, see whether it serves it; the nodes that did not tell, in words."""
    items = [
        ModuleChange(each.name, each.content, each.hash) for each in versions if each.content is not None
    ]
    states = [NodeProgress(listing, items) for listing in seen.listings]
    verify(cluster, items, states, deadline)
    silent: dict[str, str] = {}
    for each in versions:
        for state in states:
            cell = state.cells.get(each.name)
            if cell is not None and cell.status == "unverified":
                each.states[state.node] = right_version.DAMAGED
            elif cell is not None and cell.error:
                silent.setdefault(state.node.name, cell.error)
    return [f"{name}: files were not looked at: {error}" for name, error in silent.items()]


def _repair_all(repair: RepairRun, seen: Survey, wrong: Sequence[RightVersion]) -> None:
    """Damaged files by marker puts, for no list shows them; then all the rest together."""
    plain: list[tuple[RightVersion, list[RepairRow]]] = []
    for each in wrong:
        rows = [row for node, was in each.wrong.items() for row in repair.add(each.name, [node], was)]
        if each.content is None or each.hash is None:
            repair.skip(rows, "undecided", each.reason)
            continue
        damaged = [row for row in rows if row.was == right_version.DAMAGED]
        if damaged and not repair.over(damaged):
            repair.force(each.name, each.content, damaged)
        plain.append((each, [row for row in rows if row.was != right_version.DAMAGED]))
    lacking = [row for _, rows in plain for row in rows]
    if lacking and not repair.over(lacking):
        repair.put(
            [ModuleChange(each.name, each.content, each.hash) for each, rows in plain if rows], seen, lacking
        )
    for each, rows in plain:
        marked = any(row.was == right_version.MARKER for row in rows)
        if marked and each.content is not None and all(row.good for row in rows):
            repair.cluster.leftovers.end(each.name, each.content)


def _verify_after(repair: RepairRun, cluster: Target, seen: Survey, wrong: Sequence[RightVersion]) -> None:
    """Prove that the repaired nodes serve what they list now."""
    items = [ModuleChange(each.name, each.content, each.hash) for each in wrong if each.content is not None]
    states = [NodeProgress(listing, items) for listing in survey(cluster, seen.nodes()).listings]
    verify(cluster, items, states, repair.deadline)
    for state in states:
        for row in repair.rows:
            cell = state.cells.get(row.name)
            if row.node is state.node and row.good and cell is not None and cell.error:
                row.end(cell.status, cell.error, repair.milliseconds)


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
