"""Everything that nodes tell: the answers to all commands that the commands of asadm ask, but those that change something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asadm.target.aerospike.function_figures import STATS
from asadm.target.aerospike.views import (
    best_practices,
    cluster_summary,
    configuration,
    distribution,
    enterprise,
    jobs,
    latencies,
    mapping,
    namespaces,
    partition_map,
    release,
    statistics,
    user_agents,
)
from asadm.target.aerospike.views.asking import NAMESPACES, ask, in_bytes
from asadm.target.aerospike.views.contexts import EVERYTHING
from asinfo.text import text
from asinfo.wire.info import is_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from asadm.outcome import NodeAnswer
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo

CONTEXTS = (*configuration.CONTEXTS, *statistics.CONTEXTS)

IDENTITY = (
    "cluster-generation", "cluster-stable:ignore-migrations=true", "features", "health-outliers", "peers-clear-alt", "peers-clear-std",
    "peers-generation", "rack-ids", "rebalance-generation", "service-clear-alt", "status", "udf-cache-stats:", "udf-list", "version",
)  # fmt: skip
"""What no table shows, and discovery, groups of nodes and the commands for modules ask; and what tells of a server that is not well."""

FIRST = tuple(
    dict.fromkeys((
        *cluster_summary.COMMANDS, *mapping.COMMANDS, *release.COMMANDS, *release.OLDER, NAMESPACES, *IDENTITY,
        *(command for context in CONTEXTS for command in context.commands), best_practices.COMMAND, user_agents.COMMAND,
        STATS.decode(), latencies.COMMAND, latencies.FABRIC, enterprise.RACKS, enterprise.ROSTER, enterprise.MASKING,
    ))
)  # fmt: skip
"""Short answers."""

LONG = (jobs.COMMAND, partition_map.PARTITION_INFO)
"""Long ones, which are asked together with those of each namespace."""

BATCH = 16
"""So many nodes are asked for long answers at once: they may be some megabytes each, and stay in memory until they are packed."""

COMMANDS_MAX = 2_000
"""Most commands that are made of what a node says it has: a namespace has 15, an index one."""

INTERRUPTED = "interrupted"
STOPPED = f"{INTERRUPTED}: not asked, for a signal came before"
"""Ctrl-C ends the asking, and not the packing of what was said before it."""


class Collected:
    """What one node told: ``answer`` is whether it spoke, ``said`` what, and ``refused`` what not and why, by command.

    ``gap`` is why there are no answers to its second request.
    """

    __slots__ = ("answer", "gap", "milliseconds", "refused", "said")

    def __init__(self, answer: NodeAnswer, said: Mapping[bytes, bytes]) -> None:
        self.answer = answer
        self.said: dict[str, bytes] = {}
        self.refused: dict[str, str] = {}
        self.gap = ""
        self.milliseconds = answer.milliseconds
        self.add(said)

    def add(self, said: Mapping[bytes, bytes]) -> None:
        """More that it told."""
        for command, answer in said.items():
            if is_error(answer):
                self.refused[text(command)] = text(answer)
            else:
                self.said[text(command)] = answer


def follow(info: NodeInfo) -> list[str]:
    """The commands of the second request to a node."""
    made = [
        command
        for context in CONTEXTS
        if context.follow is not None
        for command in context.follow(info, EVERYTHING)
    ]
    for name in info.namespaces:
        made += [namespaces.statistics(name), namespaces.configuration(name), *latencies.benchmarks(name)]
        made += [
            distribution.histogram(kind, powers=powers)(name)
            for kind, powers in (
                (distribution.TTL, False),
                (distribution.SIZE, False),
                (distribution.SIZE, True),
            )
        ]
    sendable = [command for command in dict.fromkeys(made) if "\0" not in command and "\n" not in command]
    return [*LONG, *sendable[:COMMANDS_MAX]]


def collect(cluster: AerospikeCluster) -> Iterator[Collected]:
    """Ask all nodes, and give one after the other. A node that hangs is waited for once, and what it said before is kept."""
    found = ask(cluster, FIRST)
    stopped = any(info.answer.status == INTERRUPTED for info in found)
    for start in range(0, len(found), BATCH):
        made = [Collected(info.answer, info.said) for info in found[start : start + BATCH]]
        if stopped:
            for each in made:
                each.gap = "" if each.answer.error else STOPPED
        else:
            _ask_more(cluster, found[start : start + BATCH], made)
            stopped = any(each.gap.startswith(INTERRUPTED) for each in made)
        yield from made


def _ask_more(cluster: AerospikeCluster, found: Sequence[NodeInfo], made: Sequence[Collected]) -> None:
    """Send the second request to those of ``found`` that answered the first, and add what they say to ``made``."""
    asked = [(info, each) for info, each in zip(found, made, strict=True) if info.good]
    commands = [tuple(map(in_bytes, follow(info))) for info, _ in asked]
    answers = cluster.ask(
        [(info.answer.node, words) for (info, _), words in zip(asked, commands, strict=True)]
    )
    for (_, each), answer in zip(asked, answers, strict=True):
        each.milliseconds += answer.milliseconds
        if answer.answers:
            each.add(dict(zip(answer.commands, answer.answers, strict=False)))
        else:
            each.gap = f"{answer.status}: {answer.error}"
