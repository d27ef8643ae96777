"""The whole configuration of every node, by context and name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.configuration.parameters import CONTEXTS, LOGGING, NAMESPACE, SET, SINK
from asadm.target.aerospike.views.asking import NAMESPACES, ask
from asadm.target.aerospike.views.namespaces import configuration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.configuration.parameters import Settings
    from asadm.outcome import NodeAnswer
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo

SETS, SINKS = "sets", "logs"
OWN = "asudf"
"""The context in which asudfd tells what a real server does not have, or does not tell."""

REQUIRED = ("service", "network")
"""Contexts that every node tells. Who is refused them has not read the node."""

SET_PARAMETERS = (
    "default-read-touch-ttl-pct",
    "default-ttl",
    "disable-eviction",
    "enable-index",
    "stop-writes-count",
    "stop-writes-size",
)
"""What the list of sets has of their configuration, between their statistics."""


def _context(name: str) -> str:
    return f"get-config:context={name}"


COMMANDS = (*map(_context, (*REQUIRED, "security", "xdr", OWN)), SETS, SINKS, NAMESPACES)


def read(cluster: AerospikeCluster) -> tuple[list[NodeAnswer], list[Settings | None]]:
    """What every node said, and its configuration; None where it was not read."""
    found = ask(cluster, COMMANDS, _follow)
    for info in found:
        _judge(info)
    return [info.answer for info in found], [settings(info) if info.good else None for info in found]


def _follow(info: NodeInfo) -> Sequence[str]:
    return [*map(configuration, info.namespaces), *(f"log/{number}" for number, _ in _sinks(info))]


def _judge(info: NodeInfo) -> None:
    """A node that refuses what every node tells was not read."""
    asked = [*map(_context, REQUIRED), NAMESPACES, *map(configuration, info.namespaces)]
    refused = next((error for each in asked if (error := info.error(each))), None)
    if info.good and refused:
        info.answer.status, info.answer.error = "error", f"its configuration: {refused}"


def settings(info: NodeInfo) -> Settings:
    """The configuration that a node told."""
    found: Settings = {name: info.fields(_context(name)) for name in (*REQUIRED, "security", "xdr")}
    for name, value in info.fields(_context(OWN)).items():
        context, dot, rest = name.partition(".")
        if dot and context in CONTEXTS:
            found.setdefault(context, {})[rest] = value
    for name in info.namespaces:
        found[NAMESPACE + name] = info.fields(configuration(name))
    for entry in info.entries(SETS):
        if "ns" in entry and "set" in entry:
            context = f"{NAMESPACE}{entry['ns']}{SET}{entry['set']}"
            found[context] = {name: entry[name] for name in SET_PARAMETERS if name in entry}
    for number, sink in _sinks(info):
        found[LOGGING + number] = {SINK: sink, **_levels(info, number)}
    return {context: values for context, values in found.items() if values}


def _sinks(info: NodeInfo) -> list[tuple[str, str]]:
    """Number and place of each sink of the log."""
    lines = [line.partition(":") for line in (info.text(SINKS) or "").split(";")]
    return [(number, sink) for number, colon, sink in lines if colon and number.isdigit()]


def _levels(info: NodeInfo, number: str) -> dict[str, str]:
    pairs = [pair.partition(":") for pair in (info.text(f"log/{number}") or "").split(";")]
    return {name: level.lower() for name, colon, level in pairs if colon}
