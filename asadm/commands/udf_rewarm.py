"""``udf rewarm``: bring back the cache of real servers after ``udf-clear-cache:``.

A real server compiles a module anew for every call from then on, until a put that changes the module. So every module
is put twice on one node of each cluster: with a marker line, and as it should be. asudfd needs none of this.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from asadm.fleet.change import confirm
from asadm.fleet.change.backup import IntendedChange
from asadm.fleet.change.guard import READING, Change, ChangeOutcome, Proposal, announce, carry_out
from asadm.fleet.change.options import CHANGE, NOTE
from asadm.fleet.change.repair_run import RepairRow, RepairRun
from asadm.fleet.change.settings import ChangeSettings
from asadm.fleet.observed.fetch import FetchedModule, fetch
from asadm.fleet.observed.node_progress import ModuleChange
from asadm.fleet.observed.right_version import unlisted
from asadm.fleet.observed.survey import Survey, coverage
from asadm.fleet.observed.unread import failures
from asadm.outcome import FAILED, GOOD, PENDING, CommandOutcome, exit_code
from asadm.target.aerospike import cache_notes
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.info_answer import judged
from asadm.target.aerospike.real_server import WHO, real_server
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.change.guard import ExecutionParameters, Seen
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

    Tasks = dict[tuple[bytes, str], list[Endpoint]]

OPTIONS = (*CHANGE, NOTE)

NOT_NEEDED = "not needed: no node that answered is a real Aerospike server; asudfd fills its cache by itself"

NOTES = """\
Every module is put twice: with a comment line added, and then as it was. A change of a module is what turns the cache of
a server on again. Every node of the cluster compiles the module both times. If the run is stopped in between, the
original content is still put before it ends.

Exit codes: 0 done, or not needed; 1 a node or a module failed; 2 the command line is wrong and nothing was sent;
3 a dry run with something to do; 130 stopped by Ctrl-C.

Examples:
  asadm udf rewarm --dry-run            what would be put, and where
  asadm udf rewarm --yes                after 'cache clear'; 'cache clear --rewarm' does both in one run
  asadm udf rewarm counter.lua --yes    just this module"""


class RewarmSettings(NamedTuple):
    """What is put twice, and how: the modules ``names``, or all; ``announced`` where it is shown beforehand."""

    change: ChangeSettings
    names: Sequence[bytes] = ()
    announced: bool = True


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a name that cannot be sent, and when nobody could confirm the change."""
    names = [arguments.rules.sendable(os.fsencode(name)) for name in arguments.names]
    arguments.prepared = RewarmSettings(ChangeSettings.of(arguments.options), names)
    confirm.require(arguments.prepared.change)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Find the real servers, ask, put twice, tell."""
    return carry_out(RewarmRun(session, arguments.prepared, session.cluster(arguments)).change())


class RewarmRun:
    """One run of ``udf rewarm`` over the real servers of ``cluster``."""

    def __init__(self, session: CommandSession, settings: RewarmSettings, cluster: Target) -> None:
        self.session = session
        self.settings = settings
        self.cluster = cluster
        self.survey = Survey([])
        self.real: list[Endpoint] = []
        self.tasks = RewarmTasks(self.survey, (), ())
        self.repair: RepairRun | None = None

    def change(self) -> Change:
        """For the guard."""
        return Change(self.session, self.settings.change, self.cluster, self._look)

    def _look(self, seen: Seen) -> Proposal:
        """The real servers, and what they have."""
        self.survey, self.real = _look(self.cluster)
        seen(self.survey)
        groups = self.cluster.groups(self.real)
        self.tasks = tasks = RewarmTasks(self.survey, groups, self.settings.names)
        return Proposal(
            survey=self.survey,
            pending=bool(tasks.nodes),
            question=f"Put {_count(tasks.nodes)} twice?",
            intents=self._intents(),
            only_shown=self._only_shown,
            idle=lambda _deadline: ChangeOutcome(self._idle(), ()),
            show=self._show,
            groups=lambda: groups,
            carry_out=self._carry_out,
        )

    def _idle(self) -> CommandOutcome:
        """No real server, or none with a module."""
        told = self.tasks.torn
        if not self.real:
            told = [self._not_needed()] if self.survey.read else []
        elif self.tasks.everything and not told:
            cache_notes.forget(self.real)
        code = FAILED if self.real and told else exit_code(self.survey.answers)
        return CommandOutcome(self.survey.answers, failures(self.survey), messages=told, code=code)

    def _not_needed(self) -> str:
        seen = self.survey
        return NOT_NEEDED if seen.complete else f"{NOT_NEEDED} (on {coverage(seen.read, len(seen.listings))})"

    def _only_shown(self) -> CommandOutcome:
        """What would be put, and where."""
        if not self.real:
            return self._idle()
        tasks = self.tasks
        return CommandOutcome(
            self.survey.answers,
            [_preview(tasks.nodes), *failures(self.survey)],
            messages=tasks.torn,
            code=FAILED if tasks.torn or not self.survey.complete else PENDING if tasks.nodes else GOOD,
            extra=_document(tasks.nodes),
        )

    def _show(self) -> None:
        """The same, before the question."""
        if self.settings.announced and not (self.session.json and self.settings.change.yes):
            announce(self.session, _preview(self.tasks.nodes))

    def _intents(self) -> list[IntendedChange]:
        """Every module is to be what it is."""
        return [
            IntendedChange("rewarm", name, hash_, None, [node.address for node in nodes])
            for (name, hash_), nodes in self.tasks.nodes.items()
        ]

    def _carry_out(self, parameters: ExecutionParameters) -> ChangeOutcome:
        """One module after the other."""
        tasks = self.tasks
        wait = max(0.0, parameters.deadline - time.monotonic())
        repair = self.repair = RepairRun(self.cluster, parameters.groups, wait=wait, warn=self.session.warn)
        with repair.stoppable():
            sources = fetch(self.cluster, tasks.nodes, parameters.deadline - wait * READING)
            for (name, hash_), nodes in tasks.nodes.items():
                _one(repair, self.survey, repair.add(name, nodes, "cold?"), sources[name, hash_])
            parameters.done()
        if tasks.everything and not tasks.torn and not repair.stopped:
            _forget(repair, self.real)
        answers = repair.answers(self.survey)
        outcome = CommandOutcome(
            answers,
            [repair.sheet("Caches brought back"), *failures(self.survey)],
            messages=[*repair.alarms(), *tasks.torn],
            code=repair.stopped or (FAILED if tasks.torn else exit_code(answers)),
            extra={"rewarmed": repair.document()},
            read=self.survey.read,
        )
        return ChangeOutcome(outcome, [repair.result(each) for each in self._intents()])

    def warm(self) -> list[Endpoint]:
        """The real servers of which it is known that their caches are back, for all modules that were meant."""
        if self.repair is None and self.tasks.nodes:
            return []
        rows = self.repair.rows if self.repair is not None else []
        cold = {row.node for row in rows if not row.good} | self.tasks.unclear
        stopped = self.repair is not None and self.repair.stopped
        return [] if stopped else [node for node in self.real if node not in cold]


def _look(cluster: Target) -> tuple[Survey, list[Endpoint]]:
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
    """The modules to be put twice, and the real servers that get them.

    ``clusters``    the real servers, those of one cluster together
    ``nodes``       nodes by module and hash; all nodes of a cluster are in the same one
    ``torn``        modules for which that cannot be told, in words
    ``unclear``     the nodes that have those
    ``everything``  whether all modules are meant
    """

    def __init__(
        self, survey: Survey, clusters: Sequence[Sequence[Endpoint]], names: Sequence[bytes]
    ) -> None:
        self.clusters = clusters
        self.everything = not names
        self.nodes: Tasks = {}
        self.torn: list[str] = []
        self._survey = survey
        self.unclear: set[Endpoint] = set()
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
                self.nodes.setdefault((name, hash_), []).extend(nodes)
        if not known and not self.everything:
            raise unlisted(self._survey, name, "real server")


def _one(repair: RepairRun, survey: Survey, rows: Sequence[RepairRow], found: FetchedModule) -> None:
    """One module: two puts, or one where what the nodes have is a marker version already."""
    name = rows[0].name
    if found.content is None:
        what = "no node could be read" if found.silent else "no node serves what it lists"
        repair.skip(rows, "error", f"{what}: {found.reason}; asadm udf repair {text(name)} --verify")
        return
    if repair.over(rows):
        return
    true = repair.cluster.leftovers.original(found.content)
    if true is None:
        true = found.content
        repair.force(name, true, rows)
    else:
        for row in rows:
            row.was = "marker version"
        nodes = {row.node for row in rows}
        theirs = Survey([listing for listing in survey.listings if listing.node in nodes])
        repair.put([ModuleChange(name, true, repair.cluster.hash(name, true))], theirs, rows)
        if all(row.good for row in rows):
            repair.cluster.leftovers.end(name, true)


def _forget(repair: RepairRun, real: Sequence[Endpoint]) -> None:
    """Nodes on which all went well have nothing left to be remembered."""
    failed = {row.node for row in repair.rows if not row.good}
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
