"""Lints what a plan would send, beside the modules that stay on the nodes."""

from __future__ import annotations

from asadm.fleet.observed.fetch import ModuleFetcher
from asinfo.errors import ConfigError, Problem
from asinfo.text import plural, visible

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asadm.fleet.plan.plan import FleetPlan
    from asadm.target.interface import Target
    from asinfo.lint.findings import LintFinding

_TOLD_ALREADY = "missing-module"
"""What `asadm.fleet.plan.show` says itself, of all modules of the directory."""

_MAYBE = "require-cycle"
"""An error where nothing is there yet; nodes that have the modules in other versions take it, and fail later."""


class StayingModules:
    """The modules that are not sent: those of the directory that nodes have already, and others on the nodes.

    What only nodes have is read from them when somebody requires it.
    """

    def __init__(self, cluster: Target, plan: FleetPlan) -> None:
        self._fetcher = ModuleFetcher(cluster)
        self._plan = plan
        sent = {step.name for step in plan.steps if step.pending}
        self._contents = {
            name: source.content for name, source in plan.directory.sources.items() if name not in sent
        }

    def __iter__(self) -> Iterator[bytes]:
        """Their names."""
        return iter((*self._contents, *self._plan.foreign))

    def get(self, name: bytes, /) -> bytes | None:
        """The content of one of them; None where it cannot be read. Of several versions, that of the first node."""
        if name in self._contents:
            return self._contents[name]
        survey = self._plan.survey
        hashes = survey.hashes(name)
        hash_ = next((each for each in hashes if each is not None), None)
        if hash_ is None:
            return None
        nodes = [node for node, each in zip(survey.nodes(), hashes, strict=True) if each == hash_]
        return self._fetcher.fetch({(name, hash_): nodes})[name, hash_].content


class PlanLint:
    """The check of one command; a plan that sends the same as the one before is not looked at again."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._findings: Sequence[LintFinding] = ()

    def examine(self, cluster: Target, plan: FleetPlan) -> Sequence[LintFinding]:
        """The warnings about what ``plan`` would send. Raises ConfigError with all errors."""
        sources = [step.source for step in plan.steps if step.pending and step.source is not None]
        hashes = [source.hash for source in sources]
        if hashes and hashes != self._seen:
            found = cluster.rules.lint(sources, StayingModules(cluster, plan))
            self._findings = [finding for finding in found if not _is_told(plan, finding)]
            self._seen = hashes
        if not hashes:
            return ()
        from asinfo.lint.findings import ERROR  # imported by now

        errors = [each for each in self._findings if each.level == ERROR and each.code != _MAYBE]
        if errors:
            raise ConfigError(
                [
                    Problem(
                        each.path, each.line, f"{each.message} [{each.code}]; --no-lint sends it as it is"
                    )
                    for each in errors
                ]
            )
        return self._findings


def _is_told(plan: FleetPlan, finding: LintFinding) -> bool:
    """Whether `asadm.fleet.plan.show` says the same: what is missing, and circles within the directory."""
    if finding.code == _TOLD_ALREADY:
        return True
    if finding.code != _MAYBE:
        return False
    members = finding.message.rpartition(": ")[2].split(" -> ")
    return all(f"{name}.lua".encode("latin-1") in plan.directory.sources for name in members)


def lines(plan: FleetPlan) -> list[str]:
    """What is told of the warnings: cycles one by one, of the others how many there are."""
    told = [str(each) for each in plan.findings if each.code == _MAYBE]
    others = [each for each in plan.findings if each.code != _MAYBE]
    if not others:
        return told
    count = f"{len(others)} {'warning' if len(others) == 1 else plural('warning')}"
    codes = ", ".join(sorted({each.code for each in others}))
    path = visible(plan.directory.path)
    return [*told, f"{count} about the modules to be sent ({codes}): 'asadm udf lint {path}' shows them"]
