"""Plans that do not come from a directory: modules to remove, and modules as the history has them."""

from __future__ import annotations

from asadm.fleet.desired.directory import ModuleDirectory, ModuleSource
from asadm.fleet.plan.plan import REMOVE, SAME, UNREAD, FleetPlan, PlanStep, make
from asinfo.errors import UsageError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.fleet.observed.survey import Survey


def wish(title: str, sources: Sequence[ModuleSource], removed: Sequence[bytes], seen: Survey) -> FleetPlan:
    """The plan after which every node has ``sources`` and none has ``removed``; other modules stay as they are."""
    plan = make(_directory(title, sources), seen, prune=False)
    plan.steps += [_removal(name, seen) for name in removed]
    plan.foreign = []
    return plan


def _directory(title: str, sources: Sequence[ModuleSource]) -> ModuleDirectory:
    """``sources`` in dependency order; in the given one where they require each other, which nodes may have had."""
    try:
        return ModuleDirectory(title, sources)
    except UsageError:
        directory = ModuleDirectory(title, ())
        directory.sources = {source.name: source for source in sources}
        return directory


def _removal(name: bytes, seen: Survey) -> PlanStep:
    hashes = seen.hashes(name)
    actions = [
        (REMOVE if digest else SAME) if listing.read else UNREAD
        for listing, digest in zip(seen.listings, hashes, strict=True)
    ]
    return PlanStep(name, None, actions, hashes)
