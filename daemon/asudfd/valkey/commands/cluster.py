"""CLUSTER and the commands of its clients: the cluster as the node's membership has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.key_slot import SLOTS, key_slot
from asudfd.valkey.commands.arguments import integer, wrong_use
from asudfd.valkey.reply import OK, CommandFailed, Status, Verbatim
from asudfd.valkey.slots import BUS_OFFSET, PORT_MAX, own_member

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.valkey.request import CommandRequest
    from asudfd.valkey.slots import ClusterMember, ClusterView

DISABLED = "ERR This instance has cluster support disabled"
FIXED = "ERR the slots of an asudfd cluster follow its membership: {} is not supported"
NODE_FAILURES = (
    *("cluster_nodes_pfail", "cluster_nodes_fail", "cluster_voting_nodes_pfail", "cluster_voting_nodes_fail"),
)
"""Lines of CLUSTER INFO that 9.1 has and 8.1 has not."""

KEY_COUNT_MAX = (1 << 31) - 1


def _view(request: CommandRequest) -> ClusterView:
    """The cluster. Raises CommandFailed if there is none."""
    if request.state.cluster is None:
        raise CommandFailed(DISABLED)
    return request.state.cluster


def nodes(request: CommandRequest) -> object:
    """CLUSTER NODES."""
    view = _view(request)
    lines = [_node_line(view, each, secure=request.client.is_secure) for each in view.members]
    return Verbatim(b"txt", "".join(lines).encode())


def _node_line(view: ClusterView, member: ClusterMember, *, secure: bool) -> str:
    flags = "myself,master" if member.id == view.id else "master"
    slots = f"{member.first}" if member.first == member.last else f"{member.first}-{member.last}"
    bus = (member.port_for(secure=False) + BUS_OFFSET) % (PORT_MAX + 1)
    address = f"{member.address_for(secure=secure)}@{bus}"
    return f"{member.id} {address} {flags} - 0 0 {view.epoch} connected {slots}\n"


def slots(request: CommandRequest) -> object:
    """CLUSTER SLOTS."""
    secure = request.client.is_secure
    return [
        [each.first, each.last, [each.host.encode(), each.port_for(secure=secure), each.id.encode(), {}]]
        for each in _view(request).members
    ]


def shards(request: CommandRequest) -> object:
    """CLUSTER SHARDS."""
    found: list[object] = []
    for member in _view(request).members:
        host = member.host.encode()
        ports = {b"port": member.port, b"tls-port": member.tls_port}
        node = {
            b"id": member.id.encode(),
            **{name: port for name, port in ports.items() if port},
            b"ip": host,
            b"endpoint": host,
            b"role": b"master",
            b"replication-offset": 0,
            b"health": b"online",
        }
        shard: dict[bytes, object] = {b"slots": [member.first, member.last], b"nodes": [node]}
        if not request.state.settings.is_old:
            shard[b"id"] = member.shard.encode()
        found.append(shard)
    return found


def info(request: CommandRequest) -> object:
    """CLUSTER INFO."""
    view = _view(request)
    served = sum(each.last - each.first + 1 for each in view.members)
    fields = {
        "cluster_state": "ok" if own_member(view) and served == SLOTS else "fail",
        "cluster_slots_assigned": served,
        "cluster_slots_ok": served,
        "cluster_slots_pfail": 0,
        "cluster_slots_fail": 0,
        **dict.fromkeys(() if request.state.settings.is_old else NODE_FAILURES, 0),
        "cluster_known_nodes": len(view.members),
        "cluster_size": len(view.members),
        "cluster_current_epoch": view.epoch,
        "cluster_my_epoch": view.epoch,
    }
    counters = ["messages_sent", "messages_received"]
    if not request.state.settings.is_old:
        counters += ["bytes_sent", "bytes_received", "pubsub_bytes_sent", "pubsub_bytes_received"]
        counters += ["module_bytes_sent", "module_bytes_received"]
    fields |= {f"cluster_stats_{name}": 0 for name in counters}
    fields["total_cluster_links_buffer_limit_exceeded"] = 0
    return Verbatim(b"txt", "".join(f"{name}:{value}\r\n" for name, value in fields.items()).encode())


def my_id(request: CommandRequest) -> object:
    """CLUSTER MYID."""
    return _view(request).id.encode()


def my_shard_id(request: CommandRequest) -> object:
    """CLUSTER MYSHARDID."""
    own = own_member(_view(request))
    return own.shard.encode() if own else None


def slot_of_key(request: CommandRequest) -> object:
    """CLUSTER KEYSLOT key."""
    if request.state.settings.is_old:
        _view(request)
    return key_slot(request.arguments[2])


def count_keys(request: CommandRequest) -> object:
    """CLUSTER COUNTKEYSINSLOT slot."""
    _view(request)
    slot = integer(request.arguments[2])
    if not 0 <= slot < SLOTS:
        raise CommandFailed("ERR Invalid slot")
    return int(request.state.engine.lua[b"keys_in_slot"](slot, 0)[0])


def get_keys(request: CommandRequest) -> object:
    """CLUSTER GETKEYSINSLOT slot count."""
    _view(request)
    slot, count = (integer(word) for word in request.arguments[2:])
    if not 0 <= slot < SLOTS or not 0 <= count <= KEY_COUNT_MAX:
        raise CommandFailed("ERR Invalid slot or number of keys")
    return [*request.state.engine.lua[b"keys_in_slot"](slot, count)[1].values()]


def slot_statistics(request: CommandRequest) -> object:
    """CLUSTER SLOT-STATS SLOTSRANGE first last."""
    _view(request)
    words = request.arguments[2:]
    if len(words) != 3 or words[0].upper() != b"SLOTSRANGE":
        raise wrong_use(request.arguments)
    first, last = (_slot(word) for word in words[1:])
    if first > last:
        raise CommandFailed(f"ERR Start slot number {first} is greater than end slot number {last}")
    own = own_member(_view(request))
    count: Callable[[int, int], tuple[float, object]] = request.state.engine.lua[b"keys_in_slot"]
    mine = range(max(first, own.first), min(last, own.last) + 1) if own else range(0)
    return [[slot, {b"key-count": int(count(slot, 0)[0])}] for slot in mine[:SLOTS_TOLD]]


SLOTS_TOLD = 64
"""Slots of one CLUSTER SLOT-STATS: each is counted by a walk over all keys."""


def _slot(word: bytes) -> int:
    return integer(word, low=0, high=SLOTS - 1, message="ERR Invalid or out of range slot")


def links(request: CommandRequest) -> object:
    """CLUSTER LINKS: the members have no links of this protocol."""
    _view(request)
    return []


def replicas(request: CommandRequest) -> object:
    """CLUSTER REPLICAS id, CLUSTER SLAVES id."""
    return _of_member(request, [])


def failure_reports(request: CommandRequest) -> object:
    """CLUSTER COUNT-FAILURE-REPORTS id."""
    return _of_member(request, 0)


def _of_member(request: CommandRequest, value: object) -> object:
    name = request.arguments[2]
    if not any(each.id.encode() == name for each in _view(request).members):
        raise CommandFailed(b"ERR Unknown node %s" % name)
    return value


def failover(request: CommandRequest) -> object:
    """CLUSTER FAILOVER [FORCE|TAKEOVER]."""
    _view(request)
    if len(request.arguments) > 2 and request.arguments[2].upper() not in {b"FORCE", b"TAKEOVER"}:
        raise CommandFailed("ERR syntax error")
    raise CommandFailed("ERR You should send CLUSTER FAILOVER to a replica")


def meet(request: CommandRequest) -> object:
    """CLUSTER MEET host port [bus port]."""
    _view(request)
    host, port = request.arguments[2:4]
    number = integer(port, message=f"ERR Invalid base port specified: {port.decode('latin-1')}")
    if not 0 < number <= PORT_MAX:
        raise CommandFailed("ERR Port number is out of range")
    if not host.replace(b".", b"").isdigit() and b":" not in host:
        raise CommandFailed(b"ERR Invalid node address specified: %s:%s" % (host, port))
    raise _fixed(request)


def _fixed(request: CommandRequest) -> CommandFailed:
    return CommandFailed(FIXED.format(f"CLUSTER {request.arguments[1].decode('latin-1').upper()}"))


def change_slots(request: CommandRequest) -> object:
    """CLUSTER ADDSLOTS, DELSLOTS slot..."""
    _view(request)
    seen = set()
    for word in request.arguments[2:]:
        slot = _slot(word)
        if request.arguments[1].upper() == b"ADDSLOTS":
            raise CommandFailed(f"ERR Slot {slot} is already busy")
        if slot in seen:
            raise CommandFailed(f"ERR Slot {slot} specified multiple times")
        seen.add(slot)
    raise _fixed(request)


def change_ranges(request: CommandRequest) -> object:
    """CLUSTER ADDSLOTSRANGE, DELSLOTSRANGE first last..."""
    _view(request)
    words = request.arguments[2:]
    if len(words) % 2:
        name = request.arguments[1].decode("latin-1").lower()
        raise CommandFailed(f"ERR wrong number of arguments for 'cluster|{name}' command")
    for first, last in zip(words[::2], words[1::2], strict=True):
        if _slot(first) > _slot(last):
            raise CommandFailed(
                b"ERR start slot number %s is greater than end slot number %s" % (first, last)
            )
        if request.arguments[1].upper() == b"ADDSLOTSRANGE":
            raise CommandFailed(b"ERR Slot %s is already busy" % first)
    raise _fixed(request)


def set_slot(request: CommandRequest) -> object:
    """CLUSTER SETSLOT slot STABLE|MIGRATING id|IMPORTING id|NODE id."""
    view, slot = _view(request), _slot(request.arguments[2])
    action = request.arguments[3].upper()
    if action == b"STABLE" and len(request.arguments) == 4:
        return OK
    if action not in {b"MIGRATING", b"IMPORTING", b"NODE"} or len(request.arguments) != 5:
        raise CommandFailed("ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP")
    name = request.arguments[4]
    own = own_member(view)
    if action == b"IMPORTING" and own and own.first <= slot <= own.last:
        raise CommandFailed(f"ERR I'm already the owner of hash slot {slot}")
    if not any(each.id.encode() == name for each in view.members):
        unknown = b"ERR Unknown node %s" if action == b"NODE" else b"ERR I don't know about node %s"
        raise CommandFailed(unknown % name)
    raise _fixed(request)


def of_known_member(request: CommandRequest) -> object:
    """CLUSTER FORGET id, CLUSTER REPLICATE id."""
    _of_member(request, None)
    raise _fixed(request)


def set_epoch(request: CommandRequest) -> object:
    """CLUSTER SET-CONFIG-EPOCH epoch."""
    _view(request)
    if integer(request.arguments[2]) < 0:
        raise CommandFailed(f"ERR Invalid config epoch specified: {int(request.arguments[2])}")
    raise CommandFailed(
        "ERR The user can assign a config epoch only when the node does not know any other node."
    )


def bump_epoch(request: CommandRequest) -> object:
    """CLUSTER BUMPEPOCH: it grows with the membership only."""
    return Status(f"STILL {_view(request).epoch}".encode())


def reset(request: CommandRequest) -> object:
    """CLUSTER RESET [HARD|SOFT]."""
    _view(request)
    words = [word.upper() for word in request.arguments[2:]]
    if words not in ([], [b"HARD"], [b"SOFT"]):
        raise CommandFailed("ERR syntax error")
    raise _fixed(request)


def unsupported(request: CommandRequest) -> object:
    """What would change a cluster by hand."""
    _view(request)
    raise _fixed(request)


def save_configuration(request: CommandRequest) -> object:
    """CLUSTER SAVECONFIG: the metadata is durable anyway."""
    _view(request)
    return OK


def migrations(request: CommandRequest) -> object:
    """CLUSTER GETSLOTMIGRATIONS: none."""
    _view(request)
    return []


def asking(request: CommandRequest) -> object:
    """ASKING: slots do not move, so nothing follows from it."""
    _view(request)
    return OK


def read_only(request: CommandRequest) -> object:
    """READONLY: there are no replicas to read from; that the client would is shown."""
    request.client.read_only = True
    return OK


def read_write(request: CommandRequest) -> object:
    """READWRITE."""
    request.client.read_only = False
    return OK


HANDLERS = {
    "cluster|nodes": nodes,
    "cluster|slots": slots,
    "cluster|shards": shards,
    "cluster|info": info,
    "cluster|myid": my_id,
    "cluster|myshardid": my_shard_id,
    "cluster|keyslot": slot_of_key,
    "cluster|countkeysinslot": count_keys,
    "cluster|getkeysinslot": get_keys,
    "cluster|slot-stats": slot_statistics,
    "cluster|links": links,
    "cluster|replicas": replicas,
    "cluster|slaves": replicas,
    "cluster|count-failure-reports": failure_reports,
    "cluster|failover": failover,
    "cluster|meet": meet,
    "cluster|addslots": change_slots,
    "cluster|delslots": change_slots,
    "cluster|addslotsrange": change_ranges,
    "cluster|delslotsrange": change_ranges,
    "cluster|setslot": set_slot,
    "cluster|forget": of_known_member,
    "cluster|replicate": of_known_member,
    "cluster|reset": reset,
    "cluster|flushslots": unsupported,
    "cluster|flushslot": unsupported,
    "cluster|bumpepoch": bump_epoch,
    "cluster|set-config-epoch": set_epoch,
    "cluster|migrateslots": unsupported,
    "cluster|cancelslotmigrations": unsupported,
    "cluster|syncslots": unsupported,
    "cluster|getslotmigrations": migrations,
    "cluster|saveconfig": save_configuration,
    "asking": asking,
    "readonly": read_only,
    "readwrite": read_write,
}
