"""The progress of a change: the wanted module, and its state on each node."""

from __future__ import annotations

import time

from asadm.outcome import NodeAnswer
from asadm.target.results import UNCONFIRMED

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asadm.target.results import Judgement, Listing, SourceError


REFUSALS = ("error", "login", "forbidden")
"""Statuses of a module that its node said no to: it is not sent again, nor what depends on it."""

NOT_VERIFIED = "not verified: the time was up"
"""Why a cell is late that lists what it should; no failure of its node."""


class ModuleChange:
    """One module as every node should have it.

    ``content``  None: no node should have it
    ``path``     what the user calls the content, for messages
    ``level``    what it depends on has a lower one; removals come after all that is put
    ``wanted``   the hash that a node lists when it has it; None when it should list none
    """

    __slots__ = ("content", "level", "name", "path", "wanted")

    def __init__(
        self, name: bytes, content: bytes | None, wanted: str | None, *, path: str = "", level: int = 0
    ) -> None:
        self.name = name
        self.content = content
        self.path = path
        self.level = level
        self.wanted = wanted

    @property
    def size(self) -> int:
        """Roughly, of its command in bytes."""
        return 200 + len(self.content or b"") * 4 // 3


class BrokenModule:
    """A module that does not compile, and the error of the node that was sent it first."""

    __slots__ = ("change", "error")

    def __init__(self, change: ModuleChange, error: SourceError) -> None:
        self.change = change
        self.error = error


class ModuleProgress:
    """The state of one module on one node during a change.

    ``how``     ``same``, ``sent``, ``replicated``, ``sent by itself`` or ``marker put``; empty while the node has not
                got it
    ``sent``    how it was sent to this very node, or empty; ``tried`` is the same, but the node did not confirm it
    ``status``  ``ok``, or in one word why the node has not got it, as in `asadm.outcome.NodeAnswer`; ``error`` in words
    ``marked``  whether a marker version was tried, see `asadm.fleet.change.stuck`
    ``milliseconds``   from the start of the rollout until it was known
    """

    __slots__ = ("error", "how", "marked", "milliseconds", "sent", "status", "tried")

    def __init__(self) -> None:
        self.how = ""
        self.sent = ""
        self.tried = ""
        self.marked = False
        self.status = "pending"
        self.error = ""
        self.milliseconds = 0.0

    @property
    def good(self) -> bool:
        """Whether the node has the module as it should."""
        return self.status == "ok"

    @property
    def waiting(self) -> bool:
        """Whether that may still come."""
        return self.status == "pending"


class NodeProgress:
    """The state of one node during a change.

    ``listed``   what it listed last; None when it never did
    ``fresh``    whether that is still so, as far as we know
    ``cells``    by module name, just those that were to be changed here
    ``group``    the same for nodes that replicate among each other; its own for one that does not follow
    ``home``     the same, but what the nodes say: one that does not follow keeps it
    ``behind``   no more waited for before the others go on
    ``sent_at``  when it last confirmed a put or a removal, of `time.monotonic`
    ``answer``   the last failure to answer, or the last answer
    ``proven``   whether its bytes were read back
    ``refusal``  the answer to a change that it could not take in its state, or why there was none; None without such
    """

    __slots__ = (
        "answer",
        "behind",
        "cells",
        "fresh",
        "group",
        "home",
        "listed",
        "node",
        "proven",
        "refusal",
        "sent_at",
    )

    def __init__(self, listing: Listing, items: Iterable[ModuleChange]) -> None:
        self.node = listing.node
        self.listed = listing.modules
        self.fresh = listing.read
        self.answer: NodeAnswer = listing.answer
        self.group = self.home = id(self)
        self.sent_at = 0.0
        self.behind = not listing.read
        self.proven = False
        self.refusal: NodeAnswer | None = None
        self.cells: dict[bytes, ModuleProgress] = {
            item.name: ModuleProgress() for item in items if not self.has(item) or not listing.read
        }

    def has(self, item: ModuleChange) -> bool:
        """Whether the node listed ``item`` as it should be."""
        return self.listed is not None and self.listed.get(item.name) == item.wanted

    def lacking(self, items: Sequence[ModuleChange]) -> list[ModuleChange]:
        """Those of ``items`` that it has not got, and may still come to have."""
        return [item for item in items if item.name in self.cells and self.cells[item.name].waiting]

    @property
    def refused(self) -> bool:
        """Whether it said no to a module; what depends on that would fail too."""
        return any(cell.status in REFUSALS for cell in self.cells.values())

    @property
    def hangs(self) -> bool:
        """Whether it let its time limit pass when it was asked last: it is looked at once more, at the end."""
        return not self.fresh and self.answer.status.startswith("timeout")

    @property
    def unverified(self) -> bool:
        """Whether it lists what it should, and there was no time to read that back."""
        return any(cell.status == "late" and cell.error == NOT_VERIFIED for cell in self.cells.values())

    @property
    def sent(self) -> set[bytes]:
        """Names of what it was sent."""
        return {name for name, cell in self.cells.items() if cell.sent}

    @property
    def asked(self) -> set[bytes]:
        """The same, and names of what it did not confirm."""
        return {name for name, cell in self.cells.items() if cell.sent or cell.tried}

    @property
    def waiting(self) -> set[bytes]:
        """Names of what it may still come to have."""
        return {name for name, cell in self.cells.items() if cell.waiting}

    def failed(self, answer: NodeAnswer) -> None:
        """It gave no answer, and is not waited for any more; that there was no time to ask it says nothing of it."""
        self.behind = True
        if answer.status != "late":
            self.answer, self.fresh = answer, False

    def learn(self, listing: Listing, items: Sequence[ModuleChange], milliseconds: float) -> None:
        """What it lists now."""
        if (
            listing.answer.status != self.answer.status
            or listing.answer.milliseconds > self.answer.milliseconds
        ):
            self.answer = listing.answer  # of several time-outs the one that was waited for longest
        self.fresh = listing.read
        if listing.modules is None:
            return
        self.listed = listing.modules
        for item in self.lacking(items):
            if self.has(item):
                cell = self.cells[item.name]
                cell.status, cell.error = "ok", ""
                cell.how = cell.sent or cell.tried or "replicated"
                cell.milliseconds = milliseconds

    def answered(
        self,
        items: Sequence[ModuleChange],
        answer: NodeAnswer,
        judgements: Sequence[Judgement],
        how: str,
        milliseconds: float,
    ) -> BrokenModule | None:
        """Take what the answers to the commands of ``items`` mean; gives the first of them that does not compile."""
        self.answer = answer
        broken = None
        for item, said in zip(items, judgements, strict=False):
            cell = self.cells[item.name]
            cell.milliseconds = milliseconds
            if said.kind == UNCONFIRMED and not cell.tried:
                cell.tried = how  # it may come; where it does not, the node is asked once more
                continue
            if said.done or said.kind == UNCONFIRMED:
                cell.sent = how
                self.sent_at = time.monotonic()
                continue
            cell.status = answer.status if answer.status in REFUSALS else "error"
            cell.error = said.reason
            if said.error is not None:
                broken = broken or BrokenModule(item, said.error)
        return broken
