"""A run of ``udf repair`` or ``udf rewarm``: the puts, and a row for each module and node that says how it went.

There is one deadline for all. Modules that a put brings go out as in a rollout, many in a request; forced puts go one
module after the other, so that never more than one temporary version is on nodes when a run is cut off.
"""

from __future__ import annotations

import time
from contextlib import contextmanager

from asadm.fleet.change.backup import ChangeResult
from asadm.fleet.change.deliver import deliver
from asadm.fleet.change.rollout import Rollout
from asadm.fleet.change.stuck import HOW, forcing
from asadm.fleet.observed.grouping import gather, named
from asadm.fleet.observed.survey import Survey
from asadm.outcome import INTERRUPTED, NodeAnswer
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from asadm.fleet.change.backup import IntendedChange
    from asadm.fleet.observed.node_progress import ModuleChange
    from asadm.target.interface import Target
    from asadm.target.results import Listing
    from asinfo.exchange import Endpoint

GOOD = "ok"


class RepairRow:
    """One module on one node: what was wrong (``was``), and how it went, as in `asadm.outcome.NodeAnswer`."""

    __slots__ = ("error", "how", "milliseconds", "name", "node", "status", "was")

    def __init__(self, name: bytes, node: Endpoint, was: str) -> None:
        self.name = name
        self.node = node
        self.was = was
        self.status = "pending"
        self.how = ""
        self.error = ""
        self.milliseconds = 0.0

    @property
    def good(self) -> bool:
        """Whether the node has the module as it should now."""
        return self.status == GOOD

    def end(self, status: str, detail: str, milliseconds: float) -> None:
        """How it went; the last word counts."""
        self.status, self.milliseconds = status, milliseconds
        self.how, self.error = (detail, "") if status == GOOD else ("", detail)


class RepairRun:
    """A run over modules, on nodes that stand in ``groups`` (clusters).

    ``stopped``  the exit code of what stopped it, 0 for nothing; nothing more is sent then
    ``left``     modules, and the nodes that may still hold a marker version of them
    """

    def __init__(
        self,
        cluster: Target,
        groups: Sequence[Sequence[Endpoint]],
        *,
        wait: float,
        warn: Callable[[str], None],
    ) -> None:
        self.cluster = cluster
        self.groups = groups
        self.warn = warn
        self.started = time.monotonic()
        self.deadline = self.started + wait
        self.rows: list[RepairRow] = []
        self.stopped = 0
        self.left: dict[bytes, list[Endpoint]] = {}

    @property
    def seconds(self) -> float:
        """Seconds until the deadline, at least 0."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def milliseconds(self) -> float:
        """Since the start."""
        return (time.monotonic() - self.started) * 1000

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Inside, Ctrl-C ends the work, but not the report."""
        try:
            yield
        except KeyboardInterrupt:
            self.stopped = self.stopped or INTERRUPTED
        for row in self.rows:
            if row.status == "pending":
                row.end("interrupted", "stopped; what it has now was not seen", self.milliseconds)

    def add(self, name: bytes, nodes: Iterable[Endpoint], was: str) -> list[RepairRow]:
        """Rows that are about to be worked on."""
        rows = [RepairRow(name, node, was) for node in nodes]
        self.rows += rows
        return rows

    def put(self, items: Sequence[ModuleChange], survey: Survey, rows: Sequence[RepairRow]) -> None:
        """Bring ``items`` to where ``rows`` say that something else is, and ``survey`` too; markers where that helps."""
        read = Survey([listing for listing in survey.listings if listing.read])
        rollout = Rollout(self.cluster, items, read, wait=self.seconds, stuck=forcing(self.warn))
        rollout.grouped(self.groups)
        rollout.run()
        states = {state.node: state for state in rollout.states}
        for row in rows:
            cell = states[row.node].cells[row.name]
            row.end(cell.status, cell.how or cell.error, cell.milliseconds)
        self._left_by(rollout, rows)
        if rollout.interrupted:
            self.stopped = INTERRUPTED
        good = [row for row in rows if row.good]
        self.cluster.changed(
            {item.name: [row.node for row in good if row.name == item.name] for item in items}
        )

    def _left_by(self, rollout: Rollout, rows: Sequence[RepairRow]) -> None:
        """Markers that remained, also on nodes that had the module as it should be before."""
        known = {(row.node, row.name) for row in rows}
        for state in rollout.states:
            for name, cell in state.cells.items():
                if cell.status == "marker":
                    self.left.setdefault(name, []).append(state.node)
                    if (state.node, name) not in known:
                        [row] = self.add(name, [state.node], "same")
                        row.end("marker", cell.error, self.milliseconds)

    def force(self, name: bytes, content: bytes, rows: Sequence[RepairRow]) -> None:
        """Put ``content`` by force on the nodes of ``rows``, and on all that are in one cluster with them.

        A node that was given up meanwhile gets none: it would hold up the others once more for every module.
        """
        rows = [row for row in rows if not self._lost(row)]
        speaking = [[node for node in group if not self._given_up(node)] for group in self.groups]
        concerned = [group for group in speaking if any(row.node in group for row in rows)]
        if not concerned:
            return
        forced = self.cluster.force_put(
            concerned, name, content, wait=self.seconds, warn=self.warn, deliver=deliver
        )
        results = {answer.node: answer for answer in forced.results}
        for row in rows:
            answer = results[row.node]
            row.end(answer.status, HOW if answer.good else answer.error, self.milliseconds)
        for node in forced.left:
            if not any(row.node is node for row in rows):
                [row] = self.add(name, [node], "same")
                row.end("marker", results[node].error, self.milliseconds)
        if forced.left:
            self.left[name] = list(forced.left)
        self.stopped = self.stopped or forced.stopped
        self.cluster.changed({name: [answer.node for answer in forced.results if answer.good]})

    def _given_up(self, node: Endpoint) -> bool:
        budget = self.cluster.budget
        return budget is not None and budget.given_up(node)

    def _lost(self, row: RepairRow) -> bool:
        """Whether the node of ``row`` is not asked any more; the row says why then."""
        budget = self.cluster.budget
        if budget is None or not budget.given_up(row.node):
            return False
        answer = budget.unasked(row.node, ())
        row.end(answer.status, answer.error, self.milliseconds)
        return True

    def result(self, intent: IntendedChange) -> ChangeResult:
        """How it went with one module, for the history."""
        rows = [row for row in self.rows if row.name == intent.name and row.node.address in intent.nodes]
        bad = {row.node.address for row in rows if not row.good}
        return ChangeResult(intent, {row.node.address for row in rows} - bad, bad)

    def skip(self, rows: Sequence[RepairRow], status: str, reason: str) -> None:
        """Nothing was done for these."""
        for row in rows:
            row.end(status, reason, self.milliseconds)

    def over(self, rows: Sequence[RepairRow]) -> bool:
        """Whether there is no more to be done; ``rows`` say why then."""
        if self.stopped:
            self.skip(rows, "interrupted", "not sent: the run was stopped")
        elif self.seconds <= 0:
            self.skip(rows, "late", "not sent: the time was over")
        else:
            return False
        return True

    def answers(self, survey: Survey) -> list[NodeAnswer]:
        """One a node: why it was not read, the first of its modules that failed, or that all is well."""
        failed: dict[Endpoint, RepairRow] = {}
        for row in self.rows:
            if not row.good:
                failed.setdefault(row.node, row)
        return [_answer(listing, failed.get(listing.node)) for listing in survey.listings]

    def sheet(self, title: str) -> Sheet:
        """A row for each module, and for all nodes on which the same became of it."""
        nodes = self.cluster.nodes
        positions = {node: position for position, node in enumerate(nodes)}
        rows = []
        keys = [(row.name, row.was, row.status, row.how or row.error) for row in self.rows]
        found = gather(keys)
        for key in dict.fromkeys(keys):
            name, was, status, detail = key
            alike = [self.rows[number] for number in found[key]]
            last = max(row.milliseconds for row in alike)
            rows.append(
                [
                    Cell(text(name)),
                    Cell(named(nodes, sorted(positions[row.node] for row in alike))),
                    Cell(was),
                    Cell(status, "good" if status == GOOD else "bad"),
                    Cell(detail),
                    Cell(round(last, 1)),
                ]
            )
        return Sheet(title, ["Module", "Nodes", "Was", "Status", "Detail", "After ms"], rows)

    def document(self) -> list[dict[str, object]]:
        """The rows for JSON."""
        return [
            {
                "module": text(row.name),
                "node": row.node.name,
                "was": row.was,
                "status": row.status,
                "how": row.how,
                "error": row.error,
                "ms": round(row.milliseconds, 1),
            }
            for row in self.rows
        ]

    def alarms(self) -> list[str]:
        """What has to be told loudly: markers that could not be taken back, and what mends them."""
        return [f"NOT PUT BACK: {line}" for line in self.cluster.leftovers.lines(self.left)]


def _answer(listing: Listing, failed: RepairRow | None) -> NodeAnswer:
    if failed is None or not listing.read:
        return listing.answer
    return NodeAnswer(
        listing.node, failed.status, (), f"{text(failed.name)}: {failed.error}", failed.milliseconds
    )
