"""The whole configuration of every node, by context and name; the contexts are those of `show config`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.configuration.parameters import CONTEXTS as NAMES
from asadm.configuration.parameters import LOGGING, NAMESPACE, SET
from asadm.target.aerospike.views.asking import NAMESPACES
from asadm.target.aerospike.views.configuration import CONTEXTS, OWN
from asadm.target.aerospike.views.contexts import EVERYTHING, ContextRequest, ask_all

if TYPE_CHECKING:
    from asadm.configuration.parameters import Settings
    from asadm.outcome import NodeAnswer
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo
    from asadm.target.aerospike.views.contexts import Said

REQUIRED = ("service", "network", "namespace")
"""Contexts that every node tells. Who is refused them has not read the node."""

ALWAYS = "proto-fd-max"
"""A parameter of the context service that servers of all versions tell."""

OWN_NAMES = ("service", "network", "mod-lua", "smd", "resp")
"""Contexts that asudfd tells in one of its own."""


def _name(context: str, key: tuple[str, ...]) -> str:
    """What a part of a context is called here."""
    if context == "sets":
        return f"{NAMESPACE}{key[0]}{SET}{key[1]}"
    return " ".join((context, *key))


def read(cluster: AerospikeCluster) -> tuple[list[NodeAnswer], list[Settings | None]]:
    """What every node said, and its configuration; None where it was not read."""
    found = ask_all(cluster, [ContextRequest(context, EVERYTHING) for context in CONTEXTS])
    read = [settings(info) if info.good else None for info in found]
    return [info.answer for info in found], [
        each if info.good else None for info, each in zip(found, read, strict=True)
    ]


def settings(info: NodeInfo) -> Settings:
    """The configuration that a node told. Where it refuses what every node tells, its answer becomes a failure."""
    found: Settings = {}
    if refused := info.error(NAMESPACES):
        info.answer.status, info.answer.error = "error", f"its namespaces: {refused}"
    for context in CONTEXTS:
        for key, values in context.parts(info, EVERYTHING).items():
            if not isinstance(values, str):
                found.setdefault(_name(context.name, key), {}).update(_read(context.name, values))
            elif values and context.name in REQUIRED:
                info.answer.status, info.answer.error = "error", f"its configuration: {values}"
    if info.good and ALWAYS not in found.get("service", {}):
        info.answer.status, info.answer.error = (
            "error",
            f"its configuration has no {ALWAYS}: this is no answer",
        )
    for name, value in info.fields(OWN).items():
        context_name, dot, rest = name.partition(".")
        if dot and context_name in OWN_NAMES:
            found.setdefault(context_name, {})[rest] = value
    return {context: values for context, values in found.items() if values and context.split(" ")[0] in NAMES}


def _read(context: str, values: Said) -> dict[str, str]:
    """``values`` with the levels of logs as files have them."""
    if isinstance(values, str):
        return {}
    lower = f"{context} " == LOGGING
    return {name: value.lower() if lower and name != "file" else value for name, value in values.items()}
