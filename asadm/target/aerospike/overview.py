"""The overview of Aerospike nodes: identity, build, cluster, modules, clients, uptime."""

from __future__ import annotations

from asadm.target.results import NodeOverview
from asinfo.errors import WireError
from asinfo.text import number, text
from asinfo.wire.info import is_error, parameter
from asinfo.wire.udf import modules

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import NodeAnswer
    from asadm.target.interface import Target

ASKED = (b"node", b"build", b"cluster-name", b"statistics", b"udf-list")
UNNAMED = b"null"
"""What a node says whose configuration gives no name to its cluster."""

FACTS = ("id", "address", "build", "cluster", "size", "modules", "connections", "uptime", "metadata")
_METADATA = {b"true": "connected", b"false": "away", None: None}
"""Whether an asudfd reaches the store of its cluster's metadata; a real server does not say."""


def overview(cluster: Target) -> list[NodeOverview]:
    """Ask all nodes for everything in one request each; a node that refuses one of the questions has answered well."""
    found = [NodeOverview(answer, _facts(answer)) for answer in cluster.each(ASKED)]
    for each in found:
        answer = each.answer
        if answer.status == "error" and not is_error(answer.answer):
            answer.status, answer.error = "ok", ""
    return found


def _facts(answer: NodeAnswer) -> dict[str, str | int | None]:
    facts: dict[str, str | int | None] = dict.fromkeys(FACTS)
    facts["address"] = answer.node.address
    if not answer.answers:
        return facts
    identity, build, name, statistics, listed = (None if is_error(each) else each for each in answer.answers)
    facts["id"] = None if identity is None else text(identity)
    facts["build"] = None if build is None else text(build)
    facts["cluster"] = None if name in {None, UNNAMED} else text(name)
    facts["modules"] = _count(listed)
    for key, statistic in (
        ("size", b"cluster_size"),
        ("connections", b"client_connections"),
        ("uptime", b"uptime"),
    ):
        facts[key] = number(parameter(statistics or b"", statistic) or b"")
    facts["metadata"] = _METADATA.get(parameter(statistics or b"", b"smd_connected"))
    return facts


def _count(listed: bytes | None) -> int | None:
    try:
        return None if listed is None else len(modules(listed))
    except WireError:
        return None
