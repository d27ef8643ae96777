"""What a run writes into the history: before it, what the nodes have; after it, how it went."""

from __future__ import annotations

from asadm.fleet.fetch import fetch
from asadm.fleet.gathered import gather
from asadm.fleet.history import FOUND, History, Record, new_run
from asadm.fleet.lock import scope
from asadm.fleet.report import counts
from asinfo.wire.info import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.cluster import Cluster
    from asadm.fleet.change import Aim
    from asadm.fleet.fetch import Fetched
    from asadm.fleet.place import Item
    from asadm.fleet.plan import Plan, Step
    from asadm.fleet.rollout import Rollout
    from asinfo.exchange import Node

    Key = tuple[bytes, str]


class Backup:
    """The rows of one run."""

    def __init__(self, history: History, cluster: Cluster, aim: Aim) -> None:
        self.history = history
        self.cluster = cluster
        self.scope = scope(cluster)
        self.aim = aim
        self.run = new_run()
        self.contents: dict[Key, bytes] = {}

    def begin(self, plan: Plan) -> list[str]:
        """Write down what is there, with the content, so that there is a way back; what could not be read is told.

        Raises ConfigError and KeyboardInterrupt; nothing was sent then.
        """
        steps = [step for step in plan.steps if step.pending]
        told = self._read(plan, steps)
        self.history.record(
            self.run,
            self.scope,
            [record for step in steps for record in self._found(plan, step)],
            undoes=self.aim.undoes,
        )
        return told

    def _found(self, plan: Plan, step: Step) -> list[Record]:
        """A row for each content of a module on the nodes that were read, the commonest first."""
        read = [seen for seen, listing in zip(step.seen, plan.survey.listings, strict=True) if listing.read]
        return [
            Record(
                FOUND,
                step.name,
                digest,
                self.contents.get((step.name, digest)) if digest else None,
                ok=len(positions),
            )
            for digest, positions in gather(read).items()
        ]

    def _read(self, plan: Plan, steps: list[Step]) -> list[str]:
        """Get the contents that are about to go from the history, or from nodes that list them."""
        wanted: dict[Key, list[Node]] = {}
        for step in steps:
            if step.source is not None:
                self.contents[step.name, step.source.hash] = step.source.content
            for node, seen in zip(plan.survey.nodes(), step.seen, strict=True):
                if seen is not None and (step.name, seen) not in self.contents:
                    wanted.setdefault((step.name, seen), []).append(node)
        for key in list(wanted):
            known = self.history.known(*key)
            if known is not None:
                self.contents[key] = known
                del wanted[key]
        told = []
        for (name, digest), fetched in fetch(self.cluster, wanted).items():
            if fetched.content is None:
                told.append(_lost(name, digest, fetched))
            else:
                self.contents[name, digest] = fetched.content
        return told

    def end(self, plan: Plan, rollout: Rollout | None) -> None:
        """Write down how it went; without a rollout, that there was nothing to do."""
        steps = {step.name: step for step in plan.steps}
        if rollout is None:
            nodes = len(plan.survey.listings)
            records = [
                self._record(step, nodes, 0, "there was nothing to do", None) for step in steps.values()
            ]
        else:
            records = [
                self._record(steps[item.name], *counts(rollout, item), _note(rollout, item), item)
                for item in rollout.items
                if steps[item.name].pending or self.aim.undoes
            ]
        self.history.record(self.run, self.scope, records, undoes=self.aim.undoes)

    def _record(self, step: Step, ok: int, failed: int, note: str, item: Item | None) -> Record:
        """For a removal the content that is gone now."""
        content = step.source.content if step.source else None
        if content is None and item is not None:
            seen = [digest for digest in gather(step.seen) if digest is not None]
            content = self.contents.get((step.name, seen[0])) if seen else None
        action = "remove" if step.source is None and self.aim.action == "apply" else self.aim.action
        notes = [each for each in (self.aim.note, note) if each]
        return Record(action, step.name, step.wanted, content, ok=ok, failed=failed, note="; ".join(notes))


def _note(rollout: Rollout, item: Item) -> str:
    """Why not all nodes have it."""
    if rollout.broken is not None and rollout.broken[0] is item:
        return "does not compile"
    if rollout.interrupted and counts(rollout, item)[1]:
        return "stopped by a signal"
    return ""


def _lost(name: bytes, digest: str, fetched: Fetched) -> str:
    return (
        f"{text(name)} {digest[:10]} could not be read before it was replaced, and cannot be rolled back to: "
        f"{fetched.node.name}: {fetched.reason}"
    )
