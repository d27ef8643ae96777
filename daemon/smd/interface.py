"""What a store of system metadata (SMD) promises, whatever keeps it.

Change metadata, then accept: a change is first made durable, then handed to every subscriber in the order of the
changes; start-up hands over everything that is stored through the same call.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

UDF = "UDF"
"""Name of the SMD module that holds the Lua modules, as the real server spells it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One key of an SMD module.

    ``value`` is None for a removed key, whose slot in the order stays. ``generation`` starts at 1 and grows by one
    with every change or removal. ``timestamp`` is milliseconds since 2010-01-01 UTC. Source: info-protocol, section 4.
    """

    key: str
    value: str | None
    generation: int
    timestamp: int


Accept = Callable[[Sequence[Item]], None]
"""Called on the event loop with changed items, in order; must not block and must not raise."""


class Smd(Protocol):
    """A store of system metadata."""

    async def start(self) -> None:
        """Load what is stored and accept it into every subscriber. Raises StartError when that is impossible."""

    async def stop(self) -> None:
        """Finish what has begun and release files."""

    def subscribe(self, module: str, accept: Accept) -> None:
        """Hand every change of ``module`` to ``accept``; to be called before ``start``, once for each node."""

    async def set(self, module: str, key: str, value: str | None) -> None:
        """Store ``value`` (None removes), durably, and return when every subscriber has accepted it.

        A value equal to the present one is no change and no event. Raises SmdTimeout when it could not be
        confirmed in time; the change may still be applied later.
        """

    def items(self, module: str) -> Sequence[Item]:
        """All items of ``module`` in the order of their first change, removed ones included."""

    def information(self) -> bytes:
        """The answer of `smd-info`."""


class SmdTimeout(Exception):  # noqa: N818 - named for what happened
    """A change was not confirmed in time."""
