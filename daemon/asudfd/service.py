"""The interface of a service: a protocol that a node serves on a port of its own.

A service has its own sockets, and its own thread if it needs one. `asudfd.assembly` makes the services of a node; the
rest of the daemon knows them by this interface alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence
    from types import FrameType
    from typing import Any

    from asudfd.cluster.cluster import Member
    from asudfd.figures.figure import FigureGroup


NAME_SIZE_SHOWN = 128
"""Characters of a command or a name that are told of what blocks the event loop."""


def quoted(name: bytes) -> str:
    """The beginning of ``name`` as a description shows it."""
    return repr(name[:NAME_SIZE_SHOWN].decode("utf-8", "backslashreplace"))


class NodeService(Protocol):
    """A protocol as one node serves it. All calls come from the event loop, but `blocks` and `client_of`."""

    @property
    def label(self) -> str:
        """What stands before its address in the `ready` line, as in `resp=HOST:PORT`; empty for a node's first one."""

    @property
    def address(self) -> tuple[str, int]:
        """Where it is bound, with the real port; known as soon as it is made."""

    @property
    def ports(self) -> tuple[int, int]:
        """The real ports, plain and for TLS; 0 for what there is not."""

    def listen(self) -> None:
        """Let clients connect; they are served after `start`. Raises StartError."""

    async def start(self) -> None:
        """Serve clients from now on. Raises StartError."""

    async def stop(self, seconds: float) -> None:
        """Stop accepting, wait up to ``seconds`` for the commands in flight, close every connection."""

    async def close(self) -> None:
        """Release sockets and threads, and end work that goes on without a client; after `stop`, or without a start."""

    def members_changed(self, members: Sequence[Member]) -> None:
        """These are the live members of the cluster now, this node among them or not."""

    def figure_groups(self) -> Iterable[FigureGroup]:
        """What it adds to the metrics."""

    def blocks(self, frame: FrameType) -> str | None:
        """What it does in ``frame`` if that answers a request; None for any other frame.

        The watchdog's thread asks this of the frames of an event loop that is blocked.
        """

    def client_of(self, task: asyncio.Task[Any]) -> str:
        """Address of the client for which ``task`` works; empty if it works for none. In the watchdog's thread, too."""
