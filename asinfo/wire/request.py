"""The client's half of the record protocol: requests from keys and values, replies back into values.

Every function gives the body of a message; ``frame.pack(frame.MESSAGE, body)`` makes it ready to send.
Source: the specification of the wire protocol, section 4.
"""

from __future__ import annotations

from asinfo.errors import WireError
from asinfo.wire import batch as batches
from asinfo.wire import message, msgpack, particle
from asinfo.wire.digest import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asinfo.wire.message import Message
    from asinfo.wire.particle import Value

    Fields = list[tuple[int, bytes]]


class Key:
    """The key of a record: namespace, set (empty: none) and the user's key, of which the digest is made."""

    __slots__ = ("data", "digest", "kind", "namespace", "set_name")

    def __init__(self, namespace: str, set_name: str, value: int | str | bytes) -> None:
        self.namespace = namespace.encode()
        self.set_name = set_name.encode()
        self.kind, self.data = particle.pack(value)
        self.digest = digest(self.set_name, self.kind, self.data)

    @classmethod
    def of_digest(cls, namespace: str, set_name: str, digest: bytes) -> Key:
        """The key of a record of which just the digest is known. Raises WireError for one of another size."""
        if len(digest) != message.DIGEST_SIZE:
            raise WireError(f"a digest of {len(digest)} bytes, and not of {message.DIGEST_SIZE}")
        key = cls.__new__(cls)
        key.namespace, key.set_name = namespace.encode(), set_name.encode()
        key.kind, key.data, key.digest = particle.NULL, b"", digest
        return key


class Policy:
    """Policy that every request may carry.

    Further bits of info2 and info3, expected generation, ttl in seconds, time limit in milliseconds (0: the
    node's), the user's key, a packed filter expression.
    """

    __slots__ = ("filter", "generation", "info2", "info3", "limit", "send_key", "ttl")

    def __init__(
        self,
        *,
        info2: int = 0,
        info3: int = 0,
        generation: int = 0,
        ttl: int = message.TTL_DEFAULT,
        limit: int = 1000,
        send_key: bool = False,
        filter: bytes = b"",  # noqa: A002 - the protocol's word; nothing here filters
    ) -> None:
        self.info2 = info2
        self.info3 = info3
        self.generation = generation
        self.ttl = ttl
        self.limit = limit
        self.send_key = send_key
        self.filter = filter


_PLAIN = Policy()

UDF_STREAM, UDF_BACKGROUND = 1, 2
"""What field UDF_OP says of a stream and of a background job; 0 is a call on a record."""


def get(key: Key, names: Sequence[str] | None = None, policy: Policy = _PLAIN) -> bytes:
    """All bins, or those with these names."""
    return _read(key, names, policy)


def exists(key: Key, policy: Policy = _PLAIN) -> bytes:
    """Generation and void time without bins."""
    return _message(key, policy, message.INFO1_READ | message.INFO1_NO_BINS)


def put(key: Key, bins: Mapping[str, Value], policy: Policy = _PLAIN) -> bytes:
    """Write bins; None deletes one."""
    return _message(key, policy, info2=message.INFO2_WRITE, ops=writes(bins))


def operate(key: Key, ops: Sequence[bytes], *, reads: bool, writes: bool, policy: Policy = _PLAIN) -> bytes:
    """Ops in this order, in one go; ``reads`` and ``writes`` say which kinds are among them."""
    info1 = message.INFO1_READ if reads else 0
    info2 = message.INFO2_WRITE if writes else 0
    return _message(key, policy, info1, info2, ops=ops)


def touch(key: Key, policy: Policy = _PLAIN) -> bytes:
    """A new generation and time to live."""
    return operate(key, [message.op(message.OP_TOUCH, 0, b"")], reads=False, writes=True, policy=policy)


def remove(key: Key, policy: Policy = _PLAIN) -> bytes:
    """Delete the record."""
    return _message(key, policy, info2=message.INFO2_WRITE | message.INFO2_DELETE)


def apply(
    key: Key, module: str, function: str, arguments: Sequence[Value] = (), policy: Policy = _PLAIN
) -> bytes:
    """Call a function of a module (its name without ``.lua``) on the record."""
    call = _call(module, function, arguments)
    return _message(key, policy, info2=message.INFO2_WRITE, more=call)


def aggregate(
    namespace: str,
    set_name: str,
    module: str,
    function: str,
    arguments: Sequence[Value] = (),
    *,
    job: int,
    policy: Policy = _PLAIN,
) -> bytes:
    """Run a stream function on every record of a set (empty: of the namespace) that the node owns."""
    fields = _job(namespace, set_name, job, UDF_STREAM) + _call(module, function, arguments)
    return message.request(
        message.INFO1_READ, info3=message.INFO3_PARTITION_DONE, limit=policy.limit, fields=fields
    )


def apply_all(
    namespace: str,
    set_name: str,
    module: str,
    function: str,
    arguments: Sequence[Value] = (),
    *,
    job: int,
    policy: Policy = _PLAIN,
) -> bytes:
    """Call a function on every record of a set (empty: of the namespace) that the node owns, as the background job ``job``."""
    fields = _job(namespace, set_name, job, UDF_BACKGROUND) + _call(module, function, arguments)
    return message.request(0, message.INFO2_WRITE, limit=policy.limit, fields=fields)


def op(code: int, name: str, value: Value = None) -> bytes:
    """One op on a bin: ``op(OP_ADD, "count", 1)``."""
    kind, data = particle.pack(value)
    return message.op(code, kind, name.encode(), data)


def writes(bins: Mapping[str, Value]) -> list[bytes]:
    """A write op for each bin."""
    return [op(message.OP_WRITE, name, value) for name, value in bins.items()]


def reads(names: Iterable[str]) -> list[bytes]:
    """A read op for each name."""
    return [op(message.OP_READ, name) for name in names]


# ---- batches


def batch(rows: Iterable[tuple[Key, bytes]], *, flags: int = batches.RESPOND_ALL, limit: int = 1000) -> bytes:
    """A batch of (key, row) pairs; the functions below make rows."""
    data = batches.pack(((key.digest, row) for key, row in rows), flags)
    return message.request(message.INFO1_BATCH, limit=limit, fields=[(message.FIELD_BATCH, data)])


def get_row(key: Key, names: Sequence[str] | None = None) -> bytes:
    """Row of a batch: read all bins, or those with these names."""
    info1 = message.INFO1_READ | (message.INFO1_GET_ALL if names is None else 0)
    return batches.attributes(info1, fields=_place(key), ops=reads(names or ()))


def exists_row(key: Key) -> bytes:
    """Row of a batch: whether the record exists."""
    return batches.attributes(message.INFO1_READ | message.INFO1_NO_BINS, fields=_place(key))


def put_row(key: Key, bins: Mapping[str, Value]) -> bytes:
    """Row of a batch: write bins."""
    info2 = message.INFO2_WRITE | message.INFO2_RESPOND_ALL_OPS
    return batches.attributes(0, info2, generation=0, fields=_place(key), ops=writes(bins))


def remove_row(key: Key) -> bytes:
    """Row of a batch: delete the record."""
    info2 = message.INFO2_WRITE | message.INFO2_DELETE | message.INFO2_RESPOND_ALL_OPS
    return batches.attributes(0, info2, generation=0, fields=_place(key))


def apply_row(key: Key, module: str, function: str, arguments: Sequence[Value] = ()) -> bytes:
    """Row of a batch: call a function on the record."""
    fields = _place(key) + _call(module, function, arguments)
    return batches.attributes(0, message.INFO2_WRITE, generation=0, fields=fields)


# ---- replies


class RecordReply:
    """A node's answer about one record.

    ``result`` is its code, ``void_time`` in seconds since 2010-01-01 UTC (0: never), ``row`` the number in a batch.
    ``ops`` are (code, particle type, name, value) as they came.
    """

    __slots__ = ("generation", "info3", "ops", "result", "row", "void_time")

    def __init__(self, header: Message, ops: list[message.Op]) -> None:
        self.info3, self.result, self.generation = header.info3, header.result, header.generation
        self.void_time, self.row = header.ttl, header.time_limit
        self.ops = ops

    @property
    def last(self) -> bool:
        """Whether this ends a stream of replies, and is about no record."""
        return bool(self.info3 & message.INFO3_LAST)

    @property
    def bins(self) -> dict[str, Value]:
        """The bins that came with it. Raises WireError for a value that is not of its type."""
        return {
            name.decode("utf-8", "surrogateescape"): particle.unpack(kind, data)
            for _, kind, name, data in self.ops
        }


def reply(body: bytes) -> RecordReply:
    """The answer to a request about one record. Raises WireError when it is not one whole message."""
    header = message.unpack(body)
    return RecordReply(header, message.ops(body, header.ops_offset, header.op_count))


def replies(body: bytes) -> list[RecordReply]:
    """The answers in one frame of a batch, in the node's order, the one that ends the stream among them."""
    found = []
    for header in message.replies(body):
        ops, _ = message.read_ops(body, header.ops_offset, header.op_count)
        found.append(RecordReply(header, ops))
    return found


# ---- parts


def _read(key: Key, names: Sequence[str] | None, policy: Policy) -> bytes:
    if names is None:
        return _message(key, policy, message.INFO1_READ | message.INFO1_GET_ALL)
    if not names:
        raise WireError("no bins are named")
    return _message(key, policy, message.INFO1_READ, ops=reads(names))


def _message(
    key: Key,
    policy: Policy,
    info1: int = 0,
    info2: int = 0,
    *,
    more: Fields | None = None,
    ops: Sequence[bytes] = (),
) -> bytes:
    fields = [*_place(key), (message.FIELD_DIGEST, key.digest)]
    if policy.send_key:
        fields.append((message.FIELD_KEY, bytes([key.kind]) + key.data))
    fields += more or []
    if policy.filter:
        fields.append((message.FIELD_FILTER, policy.filter))
    return message.request(
        info1,
        info2 | policy.info2,
        policy.info3,
        generation=policy.generation,
        ttl=policy.ttl,
        limit=policy.limit,
        fields=fields,
        ops=ops,
    )


def _place(key: Key) -> Fields:
    return [(message.FIELD_NAMESPACE, key.namespace), (message.FIELD_SET, key.set_name)]


def _job(namespace: str, set_name: str, job: int, kind: int) -> Fields:
    """The fields of a query that runs a function."""
    fields = [(message.FIELD_NAMESPACE, namespace.encode())]
    if set_name:
        fields.append((message.FIELD_SET, set_name.encode()))
    return [*fields, (message.FIELD_JOB, job.to_bytes(8, "big")), (message.FIELD_UDF_OP, bytes([kind]))]


def _call(module: str, function: str, arguments: Sequence[Value]) -> Fields:
    return [
        (message.FIELD_UDF_MODULE, module.encode()),
        (message.FIELD_UDF_FUNCTION, function.encode()),
        (message.FIELD_UDF_ARGUMENTS, msgpack.pack(list(arguments))),
    ]
