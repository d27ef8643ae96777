"""The check of a plan without a node: whether servers will take what it would put. Nothing is sent before that."""

from __future__ import annotations

from asinfo.errors import ConfigError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.fleet.plan.plan import FleetPlan
    from asadm.fleet.plan.plan_lint import PlanLint
    from asadm.target.interface import Target


def preflight(cluster: Target, plan: FleetPlan, lint: PlanLint | None) -> None:
    """Raises ConfigError with all that is wrong with the modules of ``plan``, beside those that stay on the nodes of ``cluster``.

    What ``lint`` finds beyond that is noted in the plan.
    """
    sources = list(plan.directory.sources.values())
    present = {
        name: cluster.known(hash_)
        for name in plan.foreign
        for hash_ in plan.survey.hashes(name)
        if hash_ is not None
    }
    nodes = [listing.node for listing in plan.survey.listings if listing.read]
    problems = cluster.rules.problems(sources, present, nodes) if sources else []
    if problems:
        raise ConfigError(problems)
    if lint is not None and plan.pending:
        plan.findings = lint.examine(cluster, plan)
