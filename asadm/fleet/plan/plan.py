"""The plan: which modules are to be created, updated and removed on which node.

A plan is computed from hashes alone: one ``udf-list`` a node. It does nothing.
"""

from __future__ import annotations

from asadm.fleet.observed.survey import survey
from asinfo.errors import UsageError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.desired.directory import ModuleDirectory, ModuleSource
    from asadm.fleet.observed.survey import Survey
    from asadm.target.interface import Target
    from asinfo.lint.findings import LintFinding

CREATE = "create"
UPDATE = "update"
REMOVE = "remove"
SAME = "same"
UNREAD = "unread"

CHANGES = frozenset({CREATE, UPDATE, REMOVE})
"""Actions that change a node."""


class PlanStep:
    """One module on all nodes.

    ``source``   the directory's module; None when it is to be removed
    ``wanted``   the hash that every node should list; None when none should list it
    ``actions``  one a node, in the survey's order: ``create``, ``update``, ``remove``, ``same`` or ``unread``
    ``seen``     the hash that each node listed; None for none, and where the node was not read
    """

    __slots__ = ("actions", "name", "seen", "source")

    def __init__(
        self, name: bytes, source: ModuleSource | None, actions: Sequence[str], seen: Sequence[str | None]
    ) -> None:
        self.name = name
        self.source = source
        self.actions = actions
        self.seen = seen

    @property
    def wanted(self) -> str | None:
        """The hash that every node should list; None when none should list it."""
        return self.source.hash if self.source else None

    @property
    def pending(self) -> bool:
        """Whether a node that was read has to change."""
        return not CHANGES.isdisjoint(self.actions)


class FleetPlan:
    """All steps, in the order in which they are to be applied: what is required first, removals last.

    ``steps``    one a module of the directory, and one a module to be removed; those without a change too
    ``foreign``  names that nodes list and the directory does not have, and that stay
    ``prune``    whether modules that the directory does not have are removed
    ``findings`` what lint warns of in the modules that are to be sent
    """

    __slots__ = ("directory", "findings", "foreign", "prune", "steps", "survey")

    def __init__(
        self,
        directory: ModuleDirectory,
        survey: Survey,
        steps: Sequence[PlanStep],
        foreign: Sequence[bytes] = (),
        *,
        prune: bool = False,
    ) -> None:
        self.directory = directory
        self.survey = survey
        self.steps = list(steps)
        self.foreign = list(foreign)
        self.prune = prune
        self.findings: Sequence[LintFinding] = ()

    @property
    def pending(self) -> bool:
        """Whether anything has to change on a node that was read."""
        return any(step.pending for step in self.steps)

    @property
    def complete(self) -> bool:
        """Whether every node was read."""
        return self.survey.complete

    def missing(self) -> list[tuple[bytes, bytes]]:
        """Pairs of a module, and a module that it requires but that neither the directory nor a node has."""
        known = {*self.directory.sources, *self.survey.names()}
        known.difference_update(step.name for step in self.steps if step.source is None)
        return [
            (source.name, name)
            for source in self.directory.sources.values()
            for name in source.required
            if name not in known
        ]


def make(directory: ModuleDirectory, survey: Survey, *, prune: bool) -> FleetPlan:
    """The plan that brings the nodes of ``survey`` to what ``directory`` has."""
    steps = [_step(survey, name, source) for name, source in directory.sources.items()]
    foreign = [
        name
        for name in survey.names()
        if name not in directory.sources and not (prune and not directory.kept(name))
    ]
    stays = {*foreign, *directory.sources}
    # The modules that came last may require those that came before them, so they go first.
    removed = [name for name in reversed(survey.names()) if name not in stays]
    steps.extend(_step(survey, name, None) for name in removed)
    return FleetPlan(directory, survey, steps, foreign, prune=prune)


def examine(
    cluster: Target, directory: ModuleDirectory, *, prune: bool = False, timeout: float | None = None
) -> FleetPlan:
    """Read all nodes of ``cluster`` and make the plan.

    Raises UsageError when the directory's ``udf.yaml`` says that its modules are for other clusters.
    """
    permit(cluster, directory)
    return make(directory, survey(cluster, timeout=timeout), prune=prune)


def permit(cluster: Target, directory: ModuleDirectory) -> None:
    """Refuse a cluster that ``directory`` is not meant for.

    The name that counts is the inventory's; where that is not in the list, the one that the nodes themselves give.
    Nodes that do not answer decide nothing, unless none answers. Raises UsageError.
    """
    if not directory.clusters or cluster.name in directory.clusters:
        return
    names = cluster.cluster_names()
    others = [name for name in names if name not in directory.clusters]
    if others or not names:
        called = cluster.name or ", ".join(others) or "not known"
        file, allowed = cluster.rules.SETTINGS_FILE, " or ".join(directory.clusters)
        raise UsageError(f"{directory.path}: its {file} is for the cluster {allowed}; this one is {called}")


def _step(survey: Survey, name: bytes, source: ModuleSource | None) -> PlanStep:
    wanted = source.hash if source else None
    seen = survey.hashes(name)
    actions = [
        _action(wanted, hash_) if listing.read else UNREAD
        for listing, hash_ in zip(survey.listings, seen, strict=True)
    ]
    return PlanStep(name, source, actions, seen)


def _action(wanted: str | None, seen: str | None) -> str:
    if wanted == seen:
        return SAME
    if wanted is None:
        return REMOVE
    return CREATE if seen is None else UPDATE
