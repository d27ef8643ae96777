"""``udf rewarm``: bring back the cache of real servers after ``udf-clear-cache:``.

A real server compiles a module anew for every call from then on, until a put that changes the module. So every module
is put twice on one node of each cluster: with a marker line, and as it should be. asudfd needs none of this.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from asadm.fleet.change import confirm
from asadm.fleet.change.backup import IntendedChange
from asadm.fleet.change.guard import READING, Change, announce, carry_out
from asadm.fleet.change.options import CHANGE, NOTE
from asadm.fleet.change.repair_run import RepairRow, RepairRun
from asadm.fleet.observed.coverage import coverage
from asadm.fleet.observed.fetch import FetchedModule, fetch
from asadm.fleet.observed.node_progress import ModuleChange
from asadm.fleet.observed.right_version import unlisted
from asadm.fleet.observed.survey import Survey
from asadm.fleet.observed.unread import failures
from asadm.outcome import FAILED, GOOD, PENDING, CommandOutcome, exit_code
from asadm.target.aerospike import cache_notes
from asadm.target.aerospike.cluster import info_cluster, judged
from asadm.target.aerospike.real_server import WHO, real_server
from asadm.target.rules import RULES
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.change.backup import ChangeResult
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Target
    from asinfo.exchange import Node
    from asinfo.terminal.options import Values

    Tasks = dict[tuple[bytes, str], list[Node]]

OPTIONS = (*CHANGE, NOTE)

NOT_NEEDED = "not needed: no node that answered is a real Aerospike server; asudfd fills its cache by itself"

NOTES = """\
Every put changes the module, so every node of the cluster compiles it anew: once for the marker line, once without.
What remains is the module as it was, also when this is stopped in the middle.

Exit codes: 0 done, or not needed; 1 a node or a module failed; 2 the command line is wrong and nothing was sent;
3 a dry run with something to do; 130 stopped by Ctrl-C.

Examples:
  asadm udf rewarm --dry-run            what would be put, and where
  asadm udf rewarm --yes                after 'cache clear'; 'cache clear --rewarm' does both in one run
  asadm udf rewarm counter.lua --yes    just this module"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a name that cannot be sent, and when nobody could confirm the change."""
    for name in arguments.names:
        RULES.sendable(os.fsencode(name))
    confirm.require(arguments.options)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Find the real servers, ask, put twice, tell."""
    names = [os.fsencode(name) for name in arguments.names]
    return carry_out(RewarmRun(session, arguments.options, session.cluster(arguments), names))


class RewarmRun(Change):
    """One run: the modules ``names``, or all of them; ``announced`` where it shows beforehand what it will do."""

    def __init__(
        self,
        session: CommandSession,
        options: Values,
        cluster: Target,
        names: Sequence[bytes] = (),
        *,
        announced: bool = True,
    ) -> None:
        super().__init__(session, options, cluster)
        self.names = names
        self.announced = announced
        self.real: list[Node] = []
        self.aim = RewarmTasks(self.survey, (), ())
        self.mending: RepairRun | None = None

    def look(self) -> None:
        """The real servers, and what they have."""
        self.survey, self.real = _look(self.cluster)
        if any(answer.status == "interrupted" for answer in self.survey.answers):
            raise KeyboardInterrupt
        self.aim = RewarmTasks(self.survey, self.cluster.groups(self.real), self.names)
        self.pending = bool(self.aim.tasks)

    def idle(self, deadline: float) -> CommandOutcome:
        """No real server, or none with a module."""
        del deadline
        told = self.aim.torn
        if not self.real:
            told = [self._not_needed()] if self.survey.read else []
        elif self.aim.everything and not told:
            cache_notes.forget(self.real)
        code = FAILED if self.real and told else exit_code(self.survey.answers)
        return CommandOutcome(self.survey.answers, failures(self.survey), messages=told, code=code)

    def _not_needed(self) -> str:
        seen = self.survey
        return NOT_NEEDED if seen.complete else f"{NOT_NEEDED} (on {coverage(seen.read, len(seen.listings))})"

    def only_shown(self) -> CommandOutcome:
        """What would be put, and where."""
        if not self.real:
            return self.idle(0.0)
        aim = self.aim
        return CommandOutcome(
            self.survey.answers,
            [_preview(aim.tasks), *failures(self.survey)],
            messages=aim.torn,
            code=FAILED if aim.torn or not self.survey.complete else PENDING if aim.tasks else GOOD,
            extra=_document(aim.tasks),
        )

    def show(self) -> None:
        """The same, before the question."""
        if self.announced and not (self.session.json and self.options.flag("yes")):
            announce(self.session, _preview(self.aim.tasks))

    def question(self) -> str:
        """How much it is."""
        return f"Put {_count(self.aim.tasks)} twice?"

    def groups(self) -> Sequence[Sequence[Node]]:
        """The real servers, by cluster."""
        return self.aim.clusters

    def intents(self) -> list[IntendedChange]:
        """Every module is to be what it is."""
        return [
            IntendedChange("rewarm", name, hash_, None, [node.address for node in nodes])
            for (name, hash_), nodes in self.aim.tasks.items()
        ]

    def carry_out(self, groups: Sequence[Sequence[Node]], deadline: float) -> CommandOutcome:
        """One module after the other."""
        aim = self.aim
        wait = max(0.0, deadline - time.monotonic())
        mending = self.mending = RepairRun(self.cluster, groups, wait=wait, warn=self.session.warn)
        with mending.stoppable():
            sources = fetch(self.cluster, aim.tasks, deadline - wait * READING)
            for (name, hash_), nodes in aim.tasks.items():
                _one(mending, self.survey, mending.add(name, nodes, "cold?"), sources[name, hash_])
            self.done()
        if aim.everything and not aim.torn and not mending.stopped:
            _forget(mending, self.real)
        answers = mending.answers(self.survey)
        return CommandOutcome(
            answers,
            [mending.sheet("Caches brought back"), *failures(self.survey)],
            messages=[*mending.alarms(), *aim.torn],
            code=mending.stopped or (FAILED if aim.torn else exit_code(answers)),
            extra={"rewarmed": mending.document()},
            read=self.survey.read,
        )

    def warm(self) -> list[Node]:
        """The real servers of which it is known that their caches are back, for all modules that were meant."""
        if self.mending is None and self.aim.tasks:
            return []
        rows = self.mending.rows if self.mending is not None else []
        cold = {row.node for row in rows if not row.good} | self.aim.unclear
        stopped = self.mending is not None and self.mending.stopped
        return [] if stopped else [node for node in self.real if node not in cold]

    def results(self) -> list[ChangeResult]:
        """By module."""
        return [self.mending.result(each) for each in self.intents()] if self.mending else []


def _look(cluster: Target) -> tuple[Survey, list[Node]]:
    """What the nodes list, and which of those that do are real servers."""
    command = cluster.list_command()
    answers = info_cluster(cluster).each([command, *WHO])
    lists = [
        judged(answer.node, answer.answers[:1], answer.milliseconds).like(answer, [command])
        if answer.answers
        else answer
        for answer in answers
    ]
    survey = Survey(cluster.listings(lists))
    real = [
        answer.node
        for answer, listing in zip(answers, survey.listings, strict=True)
        if listing.read and real_server(*answer.answers[1:])
    ]
    return survey, real


class RewarmTasks:
    """What is to be done.

    ``clusters``    the real servers, those of one cluster together
    ``tasks``       nodes by module and hash; all nodes of a cluster are in the same one
    ``torn``        modules for which that cannot be told, in words
    ``unclear``     the nodes that have those
    ``everything``  whether all modules are meant
    """

    def __init__(self, survey: Survey, clusters: Sequence[Sequence[Node]], names: Sequence[bytes]) -> None:
        self.clusters = clusters
        self.everything = not names
        self.tasks: Tasks = {}
        self.torn: list[str] = []
        self._survey = survey
        self.unclear: set[Node] = set()
        self._listed = {listing.node: listing.modules or {} for listing in survey.listings}
        for name in names or survey.names():
            self._add(name)

    def _add(self, name: bytes) -> None:
        known = False
        for nodes in self.clusters:
            hashes = {self._listed[node].get(name) for node in nodes}
            known = known or hashes != {None}
            hash_ = next(iter(hashes))
            if len(hashes) > 1:
                members = ", ".join(node.name for node in nodes)
                self.unclear.update(nodes)
                self.torn.append(
                    f"{text(name)}: {members} do not agree on it; asadm udf repair {text(name)} comes first"
                )
            elif hash_ is not None:
                self.tasks.setdefault((name, hash_), []).extend(nodes)
        if not known and not self.everything:
            raise unlisted(self._survey, name, "real server")


def _one(mending: RepairRun, survey: Survey, rows: Sequence[RepairRow], found: FetchedModule) -> None:
    """One module: two puts, or one where what the nodes have is a marker version already."""
    name = rows[0].name
    if found.content is None:
        what = "no node could be read" if found.silent else "no node serves what it lists"
        mending.skip(rows, "error", f"{what}: {found.reason}; asadm udf repair {text(name)} --verify")
        return
    if mending.over(rows):
        return
    true = mending.cluster.leftovers.original(found.content)
    if true is None:
        true = found.content
        mending.force(name, true, rows)
    else:
        for row in rows:
            row.was = "marker version"
        nodes = {row.node for row in rows}
        theirs = Survey([listing for listing in survey.listings if listing.node in nodes])
        mending.put([ModuleChange(name, true, mending.cluster.hash(name, true))], theirs, rows)
        if all(row.good for row in rows):
            mending.cluster.leftovers.end(name, true)


def _forget(mending: RepairRun, real: Sequence[Node]) -> None:
    """Nodes on which all went well have nothing left to be remembered."""
    failed = {row.node for row in mending.rows if not row.good}
    cache_notes.forget(node for node in real if node not in failed)


def _preview(tasks: Tasks) -> Sheet:
    rows = [
        [Cell(text(name)), Cell(hash_[:10]), Cell(", ".join(node.name for node in nodes))]
        for (name, hash_), nodes in tasks.items()
    ]
    return Sheet("To be put twice", ["Module", "Has", "Nodes"], rows)


def _document(tasks: Tasks) -> dict[str, object]:
    return {
        "rewarms": [
            {"module": text(name), "hash": hash_, "nodes": [node.name for node in nodes]}
            for (name, hash_), nodes in tasks.items()
        ]
    }


def _count(tasks: Tasks) -> str:
    modules = len({name for name, _ in tasks})
    nodes = len({node for nodes in tasks.values() for node in nodes})
    return f"{modules} module{'' if modules == 1 else 's'} on {nodes} node{'' if nodes == 1 else 's'}"
