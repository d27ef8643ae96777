"""The HTTP pages for supervisors: liveness (/healthz), readiness (/readyz) and metrics (/metrics)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.network.page import TEXT, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from asudfd.served_node import ServedNode
    from asudfd.service import NodeService

STARTING = "starting"
STOPPING = "stopping"


class Health:
    """The pages about the ``nodes`` of this process. ``stage`` says why the process is not ready; empty when it is."""

    def __init__(self, nodes: Sequence[ServedNode]) -> None:
        self.stage = STARTING
        self._nodes = nodes

    def pages(self) -> dict[str, Callable[[], Page]]:
        """The pages by their paths."""
        return {"/healthz": self._alive, "/readyz": self._ready, "/metrics": self._metrics}

    def reason(self) -> str:
        """Why this process cannot do all of its work; empty when it can."""
        if self.stage:
            return self.stage
        for served in self._nodes:
            node = served.node
            if node.smd.trouble:
                return node.smd.trouble
            if not node.cluster.has(node.id):
                return f"node {node.id} is not a member of the cluster"
        return ""

    @staticmethod
    def _alive() -> Page:
        return Page(200, TEXT, b"ok\n")

    def _ready(self) -> Page:
        reason = self.reason()
        return Page(503 if reason else 200, TEXT, f"{reason or 'ready'}\n".encode())

    def _metrics(self) -> Page:
        from asudfd.exposition import KIND, exposition  # only for those who scrape

        return Page(
            200, KIND, exposition(group for each in self._services() for group in each.figure_groups())
        )

    def _services(self) -> Iterator[NodeService]:
        return (service for served in self._nodes for service in served.services)
