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

    RulesOf = Callable[[], Rules]

    class MakeTarget(Protocol):
        """Makes the target of some nodes, which are not asked."""

        def __call__(self, members: Sequence[ClusterNode], *, name: str, timeout: float) -> Target:
            """The cluster called ``name`` in the inventory; empty without one."""


TYPES = {
    "aerospike": "asadm.target.aerospike.cluster",
    "asudf": "asadm.target.aerospike.cluster",  # speaks the same protocol; 'schedule print' tells them apart
}
"""Name of each type, and the module that has its `TargetType` as ``TYPE``. It is imported when a run needs it."""

DEFAULT = "aerospike"
"""The type of a cluster that says none, and of nodes that no inventory names."""


class TargetType:  # plain class: dataclasses cost more to import than the whole run
    """One kind of server: what makes a target of nodes, and what gives the rules for modules, which need no node."""

    __slots__ = ("make", "rules")

    def __init__(self, make: MakeTarget, rules: RulesOf) -> None:
        self.make = make
        self.rules = rules


def target_type(name: str | None) -> TargetType:
    """The type called ``name``, which is one of `TYPES`; the default one for None."""
    module = TYPES[name or DEFAULT]
    __import__(module)  # importlib is not loaded otherwise
    found: TargetType = sys.modules[module].TYPE
    return found


def default_rules() -> Rules:
    """The rules of the default type."""
    return target_type(None).rules()
