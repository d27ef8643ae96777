"""``--discover``: the peers that the named nodes know.

    service-clear-std  ->  HOST:PORT *( "," HOST:PORT )              the node's own addresses
    peers-clear-std    ->  GENERATION,DEFAULT PORT,[ peer *("," peer) ]
    peer               =   [ NODE ID,TLS NAME,[ ADDRESS *("," ADDRESS) ] ]

Only nodes that a named node names are added, behind the named ones; one round, so a node that is named wrongly
leads to no more than its own peers. Nodes with TLS are asked for the addresses that speak TLS.
"""

from __future__ import annotations

from asadm.cluster import ClusterNode
from asinfo.errors import UsageError
from asinfo.exchange import Endpoint
from asinfo.host import parse
from asinfo.terminal.options import PORT_MAX
from asinfo.text import number, text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Any

    from asadm.outcome import NodeAnswer
    from asadm.target.interface import Target

CLEAR = (b"service-clear-std", b"peers-clear-std")
CLEAR_ALTERNATE = (b"service-clear-alt", b"peers-clear-alt")
DEPTH_MAX = 4
"""Lists in lists in a well-formed answer, counting the brackets of IPv6; deeper ones are cut."""

TLS = (b"service-tls-std", b"peers-tls-std")
TLS_ALTERNATE = (b"service-tls-alt", b"peers-tls-alt")


def add_peers(cluster: Target, *, alternate: bool = False) -> None:
    """Ask the nodes of ``cluster`` for their peers and add those that are new. A silent node just names none.

    ``alternate``: by the addresses that they have for clients outside of their network.
    """
    answers: dict[int, NodeAnswer] = {}
    clear, tls = (CLEAR_ALTERNATE, TLS_ALTERNATE) if alternate else (CLEAR, TLS)
    for commands, secure in ((clear, False), (tls, True)):
        nodes = [node for node in cluster.nodes if (node.tls is not None) == secure]
        if nodes:
            answers.update((id(answer.node), answer) for answer in cluster.each(commands, nodes=nodes))
    known = {(member.node.host, member.node.port) for member in cluster.members}
    for answer in answers.values():
        if answer.answers:
            known.update(_addresses(text(answer.answers[0]), 3000))
    found = list(cluster.members)
    for member in cluster.members:
        answer = answers[id(member.node)]
        if len(answer.answers) > 1:
            found += _new(member, text(answer.answers[1]), known)
    cluster.members = tuple(found)


def _new(seed: ClusterNode, answer: str, known: set[tuple[str, int]]) -> list[ClusterNode]:
    """The peers in ``answer`` of which no address is known yet; they are spoken to as their seed is."""
    added = []
    for tls_name, addresses in peers(answer):
        if addresses and not known.intersection(addresses):
            host, port = addresses[0]
            node = Endpoint(
                host, port, tls_name=tls_name or seed.node.tls_name, login=seed.node.login, tls=seed.node.tls
            )
            added.append(ClusterNode(node))
        known.update(addresses)
    return added


def peers(answer: str) -> list[tuple[str, list[tuple[str, int]]]]:
    """TLS name and addresses of each peer; an answer that is not of this form names none."""
    head, _, rest = answer.partition("[")
    digits = head.split(",")[1] if head.count(",") == 2 else ""
    port = number(digits, PORT_MAX) or 3000
    found = []
    listed, _ = _nested(rest, 0)
    for peer in listed:
        match peer:
            case [_, str() as tls_name, list() as addresses]:
                written = [f"[{each[0]}]" if isinstance(each, list) else each for each in addresses if each]
                found.append((tls_name, _addresses(",".join(written), port)))
    return found


def _nested(listed: str, at: int, depth: int = 0) -> tuple[list[Any], int]:
    """The list that was opened before ``at``, and where it ends. ``[v6]:port`` inside it is a text again."""
    items: list[Any] = []
    item: Any = ""
    while at < len(listed) and depth <= DEPTH_MAX:
        character = listed[at]
        at += 1
        if character in ",]":
            items.append(item)
            item = ""
            if character == "]":
                break
        elif character == "[":
            item, at = _nested(listed, at, depth + 1)
        elif isinstance(item, list):
            item = f"[{item[0] if item else ''}]{character}"
        else:
            item += character
    return items, at


def _addresses(listed: str, port: int) -> list[tuple[str, int]]:
    found = []
    for part in listed.split(","):
        try:
            host = parse(part.strip())
        except UsageError:
            continue
        found.append((host.host, host.port or port))
    return found
