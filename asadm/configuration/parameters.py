"""Names of parameters by their contexts, and which of them differ between the nodes of a cluster by design."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Settings = dict[str, dict[str, str]]
"""Values by context and name. Contexts: ``service``, ``network``, ``namespace NS``, ``namespace NS set SET``, ``logging 0``, ..."""

SET = " set "
NAMESPACE = "namespace "
LOGGING = "logging "
SINK = "file"
"""In the context of a sink: where it writes to."""

CONTEXTS = ("service", "network", "namespace", "security", "xdr", "logging", "mod-lua", "smd", "resp")
"""The contexts that a file may have, in the order in which they are shown."""


class NodeParameter(NamedTuple):
    """A parameter: ``namespace test`` ``storage-engine.defrag-lwm-pct``."""

    context: str
    name: str

    def __str__(self) -> str:
        return f"{self.context} {self.name}"

    @property
    def place(self) -> tuple[int, str, str]:
        """Where it stands in a list."""
        first = self.context.split(" ", 1)[0]
        return (CONTEXTS.index(first) if first in CONTEXTS else len(CONTEXTS), self.context, self.name)


class ByDesign(NamedTuple):
    """Parameters that are not compared: patterns of their context and name, and the reason."""

    context: str
    names: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        names = ", ".join(name.replace("[[]", "[") for name in self.names)
        return f"  {self.context:12} {names}: {self.reason}"


BY_DESIGN = (
    ByDesign("service", ("node-id", "node-id-interface"), "the identity of the node"),
    ByDesign("service", ("pidfile", "work-directory"), "places of the machine"),
    ByDesign("*", ("address", "*.address", "*-address", "*-addresses"), "addresses"),
    ByDesign("*", ("port", "*.port", "*-port"), "ports: several nodes may share a machine"),
    ByDesign("network", ("heartbeat.mesh-seed-address-port",), "a node seldom names itself as a seed"),
    ByDesign("namespace *", ("rack-id",), "nodes stand in different racks"),
    ByDesign("namespace *", ("storage-engine.stripe[[]*",), "names that the server gives itself"),
    ByDesign("logging *", (SINK,), "places of the machine"),
    ByDesign("mod-lua", ("user-path", "coverage-directory"), "places of the machine"),
)
"""What differs between the nodes of a cluster that is well. The path of anything else below the node's own work-directory is
compared from there on."""

UNTOLD = {"network": ("heartbeat.multicast-group", "heartbeat.multicast-ttl"), "service": ("group", "user")}
"""Parameters of files that servers do not tell, by their context; those of multicast in the mode mesh."""


def by_design(parameter: NodeParameter) -> bool:
    """Whether ``parameter`` is not compared."""
    return any(
        fnmatchcase(parameter.context, row.context)
        and any(fnmatchcase(parameter.name, name) for name in row.names)
        for row in BY_DESIGN
    )


def ignored(parameter: NodeParameter, patterns: Sequence[str]) -> bool:
    """Whether one of ``patterns``, of the shell's kind, is about the name of ``parameter``, with its context or without."""
    return any(fnmatchcase(text, each) for each in patterns for text in (parameter.name, str(parameter)))
