"""The topology of Valkey servers: which nodes there are, and which is a replica of which.

    cluster          CLUSTER NODES of the nodes that are named; the first that answers counts, what the others know besides is added
    replicas         ROLE of the nodes that are named: from a primary to its replicas, from a replica to its primary
    sentinel NAME    SENTINEL GET-MASTER-ADDR-BY-NAME, SENTINEL REPLICAS and, for the former primary during a failover, SENTINEL MASTER
    static           the nodes that are named

CLUSTER SLOTS is not used: it leaves out failed nodes and primaries without slots. A node that the topology names and that is in
no state to be asked is a node of the result all the same.

    LINE = ID IP:PORT@BUS[,HOST...] FLAGS PRIMARY|- PING PONG EPOCH LINK *SLOTS
"""

from __future__ import annotations

from asadm.cluster import ClusterNode
from asadm.target.results import NodeRole
from asadm.target.types import CLUSTER, SENTINEL, STATIC
from asadm.target.valkey.replies import Role, bulk, error, port_of, values, words
from asinfo.errors import UsageError, WireError
from asinfo.exchange import Endpoint
from asinfo.text import number, text
from asinfo.wire.key_slot import SLOTS

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Protocol

    from asadm.outcome import NodeAnswer

    class Questioner(Protocol):
        """What asks nodes: `asadm.target.valkey.cluster.ValkeyCluster`, of which see ``mode`` and ``watched``."""

        mode: str
        watched: str
        topology_unknown: bool

        def ask_commands(
            self, nodes: Sequence[Endpoint], commands: Sequence[Sequence[str]]
        ) -> list[NodeAnswer]:
            """Ask ``nodes`` some commands, given as words."""


SEEDS = 3
"""How many of the nodes that are named are asked for the topology at a time: their views may differ, and 300 of 300 lines would
take a second to read."""

SLOT_MAX = SLOTS - 1
"""The last slot of every cluster."""

NODES_MAX = 10_000
"""Most nodes of a topology: Valkey Cluster is made for 1,000; a longer answer is none, and would fill the memory."""

_LOGIN = " (the inventory has the login of Sentinels as 'sentinel: {user, password}' of the cluster)"

_NO_CLUSTER = "This instance has cluster support disabled"


def discover(cluster: Questioner, seeds: Sequence[ClusterNode]) -> list[ClusterNode]:
    """The nodes of the topology that ``seeds`` know, primaries each with its replicas behind it; ``seeds`` where none answers.

    A seed that the topology does not have stays a node. Raises UsageError for a mode that does not fit the servers.
    """
    mode = cluster.mode
    if mode == STATIC:
        return list(seeds)
    found = _by_sentinel(cluster, seeds) if mode == SENTINEL else _by_nodes(cluster, seeds)
    if len(found) > NODES_MAX:
        raise UsageError(f"the topology has {len(found)} nodes; more than {NODES_MAX} cannot be")
    return found


# ---- CLUSTER NODES


class NodeLine:
    """One line of CLUSTER NODES; ``slots`` is how many it serves."""

    __slots__ = ("flags", "host", "id", "link", "name", "port", "primary", "slots")

    def __init__(self, line: str, asked: Endpoint) -> None:
        """``asked`` is the node that told it: one that never met another does not know its own address. Raises WireError."""
        fields = line.split(" ")
        if len(fields) < 8:
            raise WireError("CLUSTER NODES: a line has another form")
        self.id, address, flags, self.primary = fields[:4]
        self.link = fields[7]
        self.flags = flags.split(",")
        where, _, names = address.partition(",")
        host, _, port = where.partition("@")[0].rpartition(":")
        self.host, self.port = host, port_of(port)
        if "myself" in self.flags and not host:
            self.host, self.port = asked.host, asked.port
        self.name = names.partition(",")[0]
        self.slots = sum(map(_slots, fields[8:]))


def _slots(field: str) -> int:
    """Slots of ``17`` or ``17-20``; one that is being moved (``[17->-ID]``) is no slot of its own."""
    first, dash, last = field.partition("-")
    begin, end = number(first, SLOT_MAX), number(last if dash else first, SLOT_MAX)
    return 0 if begin is None or end is None or end < begin else end - begin + 1


def _by_nodes(cluster: Questioner, seeds: Sequence[ClusterNode]) -> list[ClusterNode]:
    lines: dict[str, NodeLine] = {}
    alone = []
    for first in range(0, len(seeds), SEEDS):
        asked = [seed.node for seed in seeds[first : first + SEEDS]]
        for answer in cluster.ask_commands(asked, [["CLUSTER", "NODES"], ["ROLE"]]):
            if not answer.answers:
                continue
            try:
                add_lines(answer, lines)
            except WireError:
                alone.append(answer)
        if lines:
            break
    if cluster.mode == CLUSTER and alone and not lines:
        said = error(alone[0].answers[0])
        if _NO_CLUSTER in said or "unknown command" in said:
            raise UsageError(
                f"{alone[0].node.name} is no node of a cluster ({said}): its mode in the inventory may be replicas, "
                "sentinel NAME or static"
            )
    if lines:
        return _members(cluster, seeds, lines.values(), lines)
    found = _by_role(cluster, seeds, alone)
    cluster.topology_unknown = not any(member.node.role for member in found)
    return found


def add_lines(answer: NodeAnswer, lines: dict[str, NodeLine]) -> None:
    """Add the nodes, by id, that the first reply of ``answer``, to CLUSTER NODES, has and ``lines`` has not. Raises WireError."""
    listed = text(bulk(answer.answers[0])).splitlines()
    if len(listed) > NODES_MAX:
        raise WireError(f"CLUSTER NODES: more than {NODES_MAX} lines")
    for line in listed:
        if line and line.partition(" ")[0] not in lines:
            found = NodeLine(line, answer.node)
            lines[found.id] = found


def _members(
    cluster: Questioner,
    seeds: Sequence[ClusterNode],
    lines: Iterable[NodeLine],
    by_id: dict[str, NodeLine],
) -> list[ClusterNode]:
    """A node for each line, primaries in the order of their addresses, each with its replicas behind it."""

    def place(line: NodeLine) -> tuple[tuple[str, int], bool, tuple[str, int]]:
        head = by_id.get(line.primary, line)
        return (head.host, head.port), head is not line, (line.host, line.port)

    made = _MemberFactory(cluster, seeds)
    for line in sorted(lines, key=place):
        head = by_id.get(line.primary)
        is_primary = "slave" not in line.flags
        role = NodeRole(
            "primary" if is_primary else "replica", flags=line.flags, slots=line.slots, link=line.link
        )
        if head is not None:
            role.primary = made.address(head.host, head.port)
        made.add(line.host, line.port, role, id_=line.id, tls_name=line.name)
    return made.members()


class _MemberFactory:
    """Makes the nodes of a topology: what the inventory names keeps its name, labels, login and TLS; others have those of the first seed."""

    def __init__(self, cluster: Questioner, seeds: Sequence[ClusterNode]) -> None:
        self._seeds = list(seeds)
        self._known = {(seed.node.host, seed.node.port): seed for seed in seeds}
        self._model = seeds[0].model
        self._listed = cluster.mode != SENTINEL  # a Sentinel is no node of what it watches
        self._made: dict[tuple[str, int], ClusterNode] = {}

    def address(self, host: str, port: int) -> str:
        """The address of a node, as the user reads it."""
        seed = self._known.get((host, port))
        return seed.node.address if seed else Endpoint(host, port).address

    def add(self, host: str, port: int, role: NodeRole, *, id_: str = "", tls_name: str = "") -> None:
        """One more node, unless there is one at that address already."""
        where = (host, port)
        if where in self._made:
            return
        seed = self._known.get(where) if self._listed else None
        if seed is None:
            model = self._model
            node = Endpoint(host, port, tls_name=tls_name or model.tls_name, login=model.login, tls=model.tls)
            seed = ClusterNode(node)
        seed.node.role = role
        seed.id = id_
        self._made[where] = seed

    def members(self) -> list[ClusterNode]:
        """All of them, and behind them the seeds that the topology does not have."""
        made = set(map(id, self._made.values()))
        left = [seed for seed in self._seeds if id(seed) not in made] if self._listed else []
        for seed in left:
            seed.node.role = None
        return [*self._made.values(), *left]


# ---- ROLE


def _by_role(
    cluster: Questioner, seeds: Sequence[ClusterNode], answers: Sequence[NodeAnswer]
) -> list[ClusterNode]:
    """Primaries and their replicas, from what the seeds say of themselves; a replica leads to its primary."""
    roles: dict[tuple[str, int], Role] = {}
    for answer in answers:
        role = _role(answer.answers[1] if len(answer.answers) > 1 else b"")
        if role is not None and role.kind == "sentinel":
            raise UsageError(
                f"{answer.node.name} is a Sentinel: its mode in the inventory is 'sentinel NAME'"
            )
        if role is not None:
            roles[answer.node.host, answer.node.port] = role
    known = {(seed.node.host, seed.node.port) for seed in seeds}
    model = seeds[0].model
    primaries = {(role.host, role.port) for role in roles.values() if role.kind == "slave"} - set(roles)
    nodes = [
        next((seed.node for seed in seeds if (seed.node.host, seed.node.port) == where), None)
        or Endpoint(*where, tls_name=model.tls_name, login=model.login, tls=model.tls)
        for where in sorted(primaries)
    ]
    for answer in cluster.ask_commands(nodes, [["ROLE"]]) if nodes else ():
        role = _role(answer.answer)
        if role is not None:
            roles[answer.node.host, answer.node.port] = role
    return _of_roles(cluster, seeds, roles, primaries | known)


def _of_roles(
    cluster: Questioner,
    seeds: Sequence[ClusterNode],
    roles: dict[tuple[str, int], Role],
    named: set[tuple[str, int]],
) -> list[ClusterNode]:
    made = _MemberFactory(cluster, seeds)
    heads = [where for where, role in roles.items() if role.kind == "master"]
    seeds_at = {(seed.node.host, seed.node.port) for seed in seeds}
    heads += sorted(where for where in named if where not in roles and where not in seeds_at)
    for where in heads:
        made.add(*where, NodeRole("primary"))
        followers = roles[where].replicas if where in roles else []
        followers = [*followers, *(each for each, role in roles.items() if (role.host, role.port) == where)]
        for follower in followers:
            made.add(*follower, NodeRole("replica", primary=made.address(*where)))
    for where, role in roles.items():
        if role.kind == "slave":
            made.add(*where, NodeRole("replica", primary=made.address(role.host, role.port)))
    return made.members()


def _role(reply: bytes) -> Role | None:
    try:
        return Role(reply)
    except WireError:
        return None


# ---- Sentinel


def _by_sentinel(cluster: Questioner, seeds: Sequence[ClusterNode]) -> list[ClusterNode]:
    """The primary that the Sentinels watch under the name of the mode, and its replicas; the Sentinels where none answers.

    Raises UsageError where those that answer tell no nodes: the name is wrong, or the login, or they are no Sentinels.
    """
    name = cluster.watched
    commands = [["SENTINEL", told, name] for told in ("GET-MASTER-ADDR-BY-NAME", "REPLICAS", "MASTER")]
    answers = cluster.ask_commands([seed.node for seed in seeds], commands)
    reasons = []
    for answer in answers:
        if not answer.answers:
            hint = _LOGIN if answer.status == "login" else ""
            reasons.append(f"{answer.node.name}: {answer.error}{hint}")
            continue
        try:
            return _watched(cluster, seeds, answer)
        except WireError as wrong:
            hint = _LOGIN if answer.status == "login" else ""
            reasons.append(f"{answer.node.name}: {wrong}{hint}")
    if not any(answer.answers for answer in answers):
        cluster.topology_unknown = True
        return list(seeds)
    raise UsageError(f"no Sentinel tells the nodes of {name!r}: {'; '.join(reasons)}")


def _watched(cluster: Questioner, seeds: Sequence[ClusterNode], answer: NodeAnswer) -> list[ClusterNode]:
    address = [] if answer.answers[0].startswith(b"*-1") else words(answer.answers[0])
    if len(address) != 2:
        raise WireError(f"it watches nothing called {cluster.watched!r}")
    primary = text(address[0]), port_of(address[1])
    made = _MemberFactory(cluster, seeds)
    made.add(*primary, NodeRole("primary"))
    for replica in _maps(answer.answers[1]):
        _add_replica(made, primary, replica)
    _add_former(made, primary, answer)
    return made.members()


def _add_replica(made: _MemberFactory, primary: tuple[str, int], told: dict[str, str]) -> None:
    """Add the node of which a Sentinel ``told``. Raises WireError."""
    role = NodeRole("replica", primary=made.address(*primary), flags=told.get("flags", "").split(","))
    made.add(told.get("ip", ""), port_of(told.get("port", "")), role)


def _add_former(made: _MemberFactory, primary: tuple[str, int], answer: NodeAnswer) -> None:
    """Add the node that was the primary, while a failover is under way: then it is no replica yet for the Sentinel."""
    try:
        _add_replica(made, primary, _map(values(answer.answers[2])))
    except (WireError, IndexError, TypeError, AttributeError):
        return  # not allowed to ask: it is missing for that moment


def _map(flat: list[Any]) -> dict[str, str]:
    """A flat list of names and values as a dictionary. Raises TypeError and AttributeError for another."""
    return {text(name): text(value) for name, value in zip(flat[::2], flat[1::2], strict=False)}


def _maps(reply: bytes) -> list[dict[str, str]]:
    """A list of flat lists of names and values, each as a dictionary. Raises WireError."""
    try:
        return [_map(one) for one in values(reply)]
    except (TypeError, AttributeError):
        raise WireError("SENTINEL REPLICAS: the answer has another form") from None
