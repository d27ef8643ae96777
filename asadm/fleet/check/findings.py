"""The findings of ``udf check``: unreachable nodes, drift, damaged modules, differences to the directory."""

from __future__ import annotations

import time

from asadm.display import HASH_SHOWN
from asadm.fleet.check.report import (  # fmt: skip
    CACHE_OFF,
    DAMAGED,
    DIRECTORY,
    DRIFT,
    MARKER,
    POISONED,
    UNREACHABLE,
    CheckReport,
    Finding,
)
from asadm.fleet.observed.survey import survey
from asadm.fleet.plan.plan import CHANGES, make, permit
from asadm.target.types import FUNCTION
from asinfo.text import plural, text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.fleet.desired.directory import ModuleDirectory
    from asadm.fleet.plan.plan import FleetPlan
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint

_LEFT = "left by a repair that was cut off: asadm udf repair"


class CheckResult(CheckReport):
    """The result of one check of modules.

    ``plan`` is None where no directory was given; ``complete`` is whether every node told its modules, and with
    ``verify`` let them be read.
    """

    def __init__(
        self, cluster: Target, directory: ModuleDirectory | None, *, verify: bool, prune: bool
    ) -> None:
        """Ask the nodes. Raises UsageError when the directory is for another cluster."""
        started = time.monotonic()
        if directory is not None:
            permit(cluster, directory)
        self.survey = survey(cluster)
        super().__init__(cluster.name, self.survey.answers, self.survey.noun)
        self.subjects = len(self.survey.names())
        self.plan: FleetPlan | None = None if directory is None else make(directory, self.survey, prune=prune)
        self.note_unread()
        known = [(each.name, each.content) for each in directory.sources.values()] if directory else []
        self._markers = cluster.leftovers.held(self.survey.listings, known)
        self._drift()
        self._directory()
        for name, nodes in self._markers.items():
            self.add(MARKER, text(name), nodes, f"{_LEFT} {text(name)}")
        for note in cluster.cache_warnings(self.survey.listings):
            self.findings.append(Finding(CACHE_OFF, None, [note.node], str(note)))
        for fault in cluster.faults(self.survey.listings):
            self.findings.append(Finding(fault.kind, None, [fault.node], fault.detail))
        if verify:
            self._files(cluster)
        self.seconds = time.monotonic() - started

    def figures(self, family: str) -> list[str]:
        """Of modules, and those of what only one kind of servers can have."""
        total = len(self.nodes)
        if family == FUNCTION:
            own = [f"poisoned={self.count(POISONED)};;0;0;{total}"]
        else:
            own = [f"cache_off={self.count(CACHE_OFF)};0;;0;{total}", f"markers={self.count(MARKER)};0;;0"]
        return [
            f"drift={self.count(DRIFT)};;0;0",
            f"damaged={self.count(DAMAGED)};;0;0",
            f"directory={self.count(DIRECTORY)};0;;0",
            *own,
            f"{plural(self.noun)}={self.subjects};;;0",
        ]

    def members(self) -> dict[str, object]:
        """Every module with its hash on every node."""
        differing = set(self.survey.differing())
        modules = [
            {
                "name": text(name),
                "same": name not in differing,
                "hashes": {
                    node.name: hash_ for node, hash_ in zip(self.nodes, self.survey.hashes(name), strict=True)
                },
            }
            for name in self.survey.names()
        ]
        return {"modules": modules}

    def _drift(self) -> None:
        """Nodes that disagree with the most of them; with several of the same number, all are named."""
        for name in self.survey.differing():
            versions: dict[str | None, list[Endpoint]] = {}
            for listing in self.survey.listings:
                if listing.modules is not None:
                    versions.setdefault(listing.modules.get(name), []).append(listing.node)
            self.note_versions(DRIFT, text(name), versions, shown=HASH_SHOWN)

    def _directory(self) -> None:
        if self.plan is None:
            return
        nodes = self.survey.nodes()
        for step in self.plan.steps:
            for action in CHANGES:
                behind = [node for node, each in zip(nodes, step.actions, strict=True) if each == action]
                if behind:
                    self.add(
                        DIRECTORY, text(step.name), behind, f"to {action}, as in {self.plan.directory.path}"
                    )

    def _files(self, cluster: Target) -> None:
        """Read every module from every node, and compare it with what the node lists."""
        from asadm.fleet.observed.served import ServedModules

        served = ServedModules(cluster, self.survey)
        for name, nodes, reason in served.damaged:
            self.add(DAMAGED, text(name), nodes, reason)
        for name, nodes in served.marked.items():
            if name not in self._markers:
                self.add(MARKER, text(name), nodes, f"{_LEFT} {text(name)} --verify")
        self._silent(served.silent)

    def _silent(self, reasons: dict[Endpoint, str]) -> None:
        """Nodes that listed their modules, and did not let them be read."""
        for reason in dict.fromkeys(reasons.values()):
            nodes = [node for node in self.nodes if reasons.get(node) == reason]
            self.add(UNREACHABLE, None, nodes, reason)
            self.complete = False
