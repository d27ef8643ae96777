"""The interface of a backend of system metadata (SMD), and its data types.

Change metadata, then accept: a change is first made durable, then handed to every subscriber in the order of the
changes; start-up hands over everything that is stored through the same call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from asudfd.cluster.cluster import Member

UDF = "UDF"
"""Name of the SMD module that holds the Lua modules, as the real server spells it."""

CONFIRM_SECONDS = 2.0
"""How long a change may take to be confirmed. Source: the info protocol specification, section 3 (the real server's)."""

TRUNCATE = "truncate"
"""Name of the SMD module that holds the marks of truncation: `NS` or `NS|SET`, and a last update in ms since 2010."""

FUNCTION = "FUNCTION"
"""Name of the SMD module that holds the libraries of Valkey functions: a library's name, and its text with a character for each
byte."""

SINDEX = "sindex"
"""Name of the SMD module that holds the definitions of secondary indexes."""


@dataclass(frozen=True, slots=True)
class SmdItem:
    """One key of an SMD module.

    ``value`` is None for a removed key, whose slot in the order stays. ``generation`` starts at 1 and grows by one
    with every change or removal; 0 tells a subscriber that the slot of a removed key is given up for ever.
    ``timestamp`` is milliseconds since 2010-01-01 UTC. Source: the info protocol specification, section 4.
    """

    key: str
    value: str | None
    generation: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class SmdContent:
    """The stored content of one SMD module: cluster key and tid of its last change, and its items in order."""

    cluster_key: int
    tid: int
    items: Sequence[SmdItem]


@dataclass(frozen=True, slots=True)
class SmdState:
    """The figures of one SMD module that `smd-info` answers.

    ``cluster_key`` and ``tid`` are those of the last change that was stored; ``keys`` counts removed ones too;
    ``pending`` counts changes that are asked for and not yet stored.
    """

    cluster_key: int = 0
    tid: int = 0
    keys: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class LockHolder:
    """The owner of the lock on the modules, as named by the client that took it, and the seconds until it expires."""

    owner: str
    left: float


Accept = Callable[[Sequence[SmdItem]], None]
"""Called on the event loop with changed items, in order; must not block and must not raise.

The first call comes from ``start`` and has everything that is stored, even if that is nothing.
"""


class Smd(Protocol):
    """A backend of system metadata. It also knows the members of the cluster: the nodes that share the metadata."""

    @property
    def shared(self) -> bool:
        """Whether other processes share the metadata, and may have changed it while this one did not run."""

    @property
    def connected(self) -> bool:
        """Whether changes can be stored; what is known is served either way."""

    @property
    def trouble(self) -> str:
        """Why changes cannot be stored, as far as the store can tell; empty when nothing speaks against it."""

    async def start(self) -> None:
        """Load what is stored and accept it into every subscriber. Raises StartError when that is impossible."""

    async def stop(self) -> None:
        """Finish what has begun and release files."""

    def subscribe(self, module: str, accept: Accept) -> None:
        """Hand every change of ``module`` to ``accept``; to be called before ``start``, once for each node."""

    def watch_members(self, tell: Callable[[Sequence[Member]], None]) -> None:
        """Call ``tell`` on the event loop with all live members, at every change; to be called once, before ``start``."""

    async def join(self, members: Sequence[Member]) -> None:
        """Make ``members``, the nodes of this process, members of the cluster; to be called after ``start``.

        Returns after the first call of what watches the members. Raises StartError.
        """

    async def leave(self) -> None:
        """Take the nodes of this process out of the cluster, so that the others need not wait for a lease to expire."""

    async def set(
        self, module: str, key: str, value: str | None, *, keep: Callable[[str], bool] | None = None
    ) -> None:
        """Store ``value`` (None removes), durably, and return when every subscriber has accepted it.

        A value equal to the present one is no change and no event, and neither is the removal of a key that is
        not there. Of a value that is there when the change is made, and not removed, ``keep`` says whether it is to
        stay; then that is no change, too. Raises SmdTimeout when it could not be confirmed in time, SmdFailed when it could not be stored.
        """

    async def set_many(self, module: str, values: Mapping[str, str | None]) -> None:
        """The same for several keys as one change: it is stored and accepted as a whole or not at all, also across a crash.

        An etcd takes so many keys and bytes at once (`asudfd.smd.etcd.store`); what is more comes as several changes.
        """

    def items(self, module: str) -> Sequence[SmdItem]:
        """All items of ``module`` in the order of their first change, removed ones included."""

    def state(self, module: str) -> SmdState:
        """Figures of ``module``; all 0 for one that nobody subscribed to."""

    async def lock(self, owner: str, seconds: int) -> LockHolder | None:
        """Take the lock on the modules for ``owner``, or take it again for as long; or say who holds it.

        It keeps nobody from a change: those who change many modules at once ask each other with it. It ends by
        itself after ``seconds``. Raises SmdTimeout and SmdFailed, as ``set`` does.
        """

    async def unlock(self, owner: str) -> LockHolder | None:
        """Give the lock back, if ``owner`` holds it; or say who else does. Raises SmdTimeout and SmdFailed."""


class SmdTimeout(Exception):  # noqa: N818 - named for what happened
    """A change was not confirmed within CONFIRM_SECONDS; it may still be applied."""


class SmdFailed(Exception):  # noqa: N818 - named for what happened
    """A change could not be stored and was not applied; the text is the system's reason."""
