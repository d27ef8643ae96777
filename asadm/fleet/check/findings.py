"""The findings of ``udf check``: unreachable nodes, drift, damaged modules, differences to the directory."""

from __future__ import annotations

import time

from asadm.fleet.observed.grouping import named
from asadm.fleet.observed.survey import survey
from asadm.fleet.observed.unread import unread
from asadm.fleet.plan.plan import CHANGES, make, permit
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.desired.directory import ModuleDirectory
    from asadm.fleet.plan.plan import FleetPlan
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

OK, WARNING, CRITICAL, UNKNOWN = range(4)
LEVELS = ("ok", "warning", "critical", "unknown")
"""As Nagios counts them."""

UNREACHABLE = "unreachable"
DRIFT = "drift"
DIRECTORY = "directory"
CACHE_OFF = "cache-off"
MARKER = "marker"
DAMAGED = "damaged"
POISONED = "poisoned"

LEVEL_OF = {
    UNREACHABLE: CRITICAL,
    DRIFT: CRITICAL,
    DAMAGED: CRITICAL,
    POISONED: CRITICAL,
    DIRECTORY: WARNING,
    CACHE_OFF: WARNING,
    MARKER: WARNING,
}
"""How bad each kind of finding is: calls that fail or do different things are worse than what only waits for a hand."""


_LEFT = "left by a repair that was cut off: asadm udf repair"


class Finding:
    """One fault: its ``kind``, the module (None for a node as a whole), the nodes, and a description."""

    __slots__ = ("detail", "kind", "module", "nodes", "where")

    def __init__(
        self, kind: str, module: bytes | None, nodes: Sequence[Endpoint], detail: str, where: str = ""
    ) -> None:
        self.kind = kind
        self.module = module
        self.nodes = list(nodes)
        self.detail = detail
        self.where = where or ", ".join(node.name for node in nodes)

    @property
    def level(self) -> int:
        """How bad it is."""
        return LEVEL_OF[self.kind]

    def __str__(self) -> str:
        module = "" if self.module is None else f"{text(self.module)}: "
        return f"{self.kind}: {module}{self.where}: {self.detail}"


class CheckResult:
    """The result of one check.

    ``seconds`` is how long it took; ``plan`` is None where no directory was given; ``complete`` is whether every node
    told its modules, and with ``verify`` let them be read.
    """

    def __init__(
        self, cluster: Target, directory: ModuleDirectory | None, *, verify: bool, prune: bool
    ) -> None:
        """Ask the nodes. Raises UsageError when the directory is for another cluster."""
        started = time.monotonic()
        if directory is not None:
            permit(cluster, directory)
        self.cluster = cluster.name
        self.survey = survey(cluster)
        self.nodes = self.survey.nodes()
        self.plan: FleetPlan | None = None if directory is None else make(directory, self.survey, prune=prune)
        self.findings: list[Finding] = []
        self.complete = self.survey.complete
        self._unreachable()
        known = [(each.name, each.content) for each in directory.sources.values()] if directory else []
        self._markers = cluster.leftovers.held(self.survey.listings, known)
        self._drift()
        self._directory()
        for name, nodes in self._markers.items():
            self.add(MARKER, name, nodes, f"{_LEFT} {text(name)}")
        for note in cluster.cache_warnings(self.survey.listings):
            self.findings.append(Finding(CACHE_OFF, None, [note.node], str(note)))
        for fault in cluster.faults(self.survey.listings):
            self.findings.append(Finding(fault.kind, None, [fault.node], fault.detail))
        if verify:
            self._files(cluster)
        self.seconds = time.monotonic() - started

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return any(answer.status == "interrupted" for answer in self.survey.answers)

    @property
    def read(self) -> int:
        """How many nodes told all they were asked."""
        return len(self.nodes) - self.count(UNREACHABLE)

    @property
    def level(self) -> int:
        """The worst."""
        return max((finding.level for finding in self.findings), default=OK)

    def count(self, kind: str) -> int:
        """How many findings of a kind there are: nodes of those about nodes, modules of the others."""
        found = [finding for finding in self.findings if finding.kind == kind]
        if kind in {UNREACHABLE, CACHE_OFF, POISONED}:
            return len({node for finding in found for node in finding.nodes})
        return len({finding.module for finding in found})

    def add(self, kind: str, module: bytes | None, nodes: Sequence[Endpoint], detail: str) -> None:
        """One more finding, its nodes named together where they are many."""
        chosen = set(nodes)
        positions = [position for position, node in enumerate(self.nodes) if node in chosen]
        self.findings.append(Finding(kind, module, nodes, detail, named(self.nodes, positions)))

    def _unreachable(self) -> None:
        for where, status, reason in unread(self.survey):
            nodes = [
                listing.node
                for listing in self.survey.listings
                if not listing.read and (listing.answer.status, listing.answer.error) == (status, reason)
            ]
            self.findings.append(Finding(UNREACHABLE, None, nodes, f"{reason} ({status})", where))

    def _drift(self) -> None:
        """Nodes that disagree with the most of them; with several of the same number, all are named."""
        for name in self.survey.differing():
            versions: dict[str | None, list[Endpoint]] = {}
            for listing in self.survey.listings:
                if listing.modules is not None:
                    versions.setdefault(listing.modules.get(name), []).append(listing.node)
            size = max(map(len, versions.values()))
            usual = [hash_ for hash_, nodes in versions.items() if len(nodes) == size]
            for hash_, nodes in versions.items():
                if len(usual) > 1 or hash_ not in usual:
                    has = "missing" if hash_ is None else f"has {hash_[:10]}"
                    others = "" if len(usual) > 1 else f"; {size} have {(usual[0] or 'none')[:10]}"
                    self.add(DRIFT, name, nodes, has + others)

    def _directory(self) -> None:
        if self.plan is None:
            return
        nodes = self.survey.nodes()
        for step in self.plan.steps:
            for action in CHANGES:
                behind = [node for node, each in zip(nodes, step.actions, strict=True) if each == action]
                if behind:
                    self.add(DIRECTORY, step.name, behind, f"to {action}, as in {self.plan.directory.path}")

    def _files(self, cluster: Target) -> None:
        """Read every module from every node, and compare it with what the node lists."""
        from asadm.fleet.observed.served import ServedModules

        served = ServedModules(cluster, self.survey)
        for name, nodes, reason in served.damaged:
            self.add(DAMAGED, name, nodes, reason)
        for name, nodes in served.marked.items():
            if name not in self._markers:
                self.add(MARKER, name, nodes, f"{_LEFT} {text(name)} --verify")
        self._silent(served.silent)

    def _silent(self, reasons: dict[Endpoint, str]) -> None:
        """Nodes that listed their modules, and did not let them be read."""
        for reason in dict.fromkeys(reasons.values()):
            nodes = [node for node in self.nodes if reasons.get(node) == reason]
            self.add(UNREACHABLE, None, nodes, reason)
            self.complete = False
