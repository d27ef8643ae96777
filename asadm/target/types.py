"""The types of clusters: what an inventory may name as ``type``, and where the target for it is.

A new kind of server is a folder beside this file and a line in `TYPES`. Nothing else outside of the folder knows it, but
commands that only that kind of server has.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from asadm.cluster import ClusterNode
    from asadm.target.interface import Rules, Target

    RulesOf = Callable[[str], Rules]
    """Finds the rules for a family of commands."""

    class MakeTarget(Protocol):
        """Makes the target of some nodes, which are not asked."""

        def __call__(self, members: Sequence[ClusterNode], *, name: str, timeout: float, mode: str) -> Target:
            """The cluster called ``name`` in the inventory; empty without one. ``mode``: how it tells its nodes, for types that do."""


class TypeRow:
    """One type of clusters.

    ``module``   has its `TargetType` as ``TYPE``; it is imported when a run needs it
    ``family``   the commands for its modules: ``udf`` or ``function``
    ``port``     where its servers listen unless told otherwise
    """

    __slots__ = ("family", "module", "port")

    def __init__(self, module: str, family: str, port: int) -> None:
        self.module = module
        self.family = family
        self.port = port


UDF, FUNCTION = "udf", "function"
"""The families of commands, by their first word."""

CLUSTER, REPLICAS, SENTINEL, STATIC = "cluster", "replicas", "sentinel", "static"
TOPOLOGIES = (CLUSTER, REPLICAS, SENTINEL, STATIC)
"""How a cluster of the family ``function`` tells its nodes, see `asadm.target.valkey.topology`."""

_AEROSPIKE = TypeRow("asadm.target.aerospike.cluster", UDF, 3000)

TYPES = {
    "aerospike": _AEROSPIKE,
    "asudf": _AEROSPIKE,  # speaks the same protocol; 'schedule print' tells them apart
    "valkey": TypeRow("asadm.target.valkey.cluster", FUNCTION, 6379),
}
"""The types by name."""

DEFAULTS = {UDF: "aerospike", FUNCTION: "valkey"}
"""The type of nodes that no inventory names, by the family of the command."""

DEFAULT = DEFAULTS[UDF]
"""The type of a cluster that says none."""


class TargetType:  # plain class: dataclasses cost more to import than the whole run
    """One kind of server: what makes a target of nodes, and what gives the rules for modules, which need no node."""

    __slots__ = ("make", "rules")

    def __init__(self, make: MakeTarget, rules: Callable[[], Rules]) -> None:
        self.make = make
        self.rules = rules


def target_type(name: str | None) -> TargetType:
    """The type called ``name``, which is one of `TYPES`; the default one for None."""
    module = TYPES[name or DEFAULT].module
    __import__(module)  # importlib is not loaded otherwise
    found: TargetType = sys.modules[module].TYPE
    return found


def default_rules(family: str = UDF) -> Rules:
    """The rules of the default type for a family of commands."""
    return target_type(DEFAULTS[family]).rules()
