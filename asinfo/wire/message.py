"""Record messages (type 3): one header, fields, ops; requests and replies have the same form.

    offset 0    1 byte    size of the header, 22; not looked at
    offset 1    4 bytes   info1, info2, info3, info4: the bits below
    offset 5    1 byte    result code (of a reply)
    offset 6    4 bytes   generation: expected, or the record's
    offset 10   4 bytes   ttl in seconds (request); void time, seconds since 2010-01-01 UTC, 0 = never (reply)
    offset 14   4 bytes   time limit in milliseconds (request); row of a batch (reply)
    offset 18   2 bytes   number of fields
    offset 20   2 bytes   number of ops
    offset 22             fields, ops

    field   size of what follows (4 bytes), identifier (1), data
    op      size of what follows (4 bytes), code (1), particle type (1), flags (1; bit 0: 8 bytes of last update
            time follow the name), size of the name (1), name, value

Everything is big-endian. Source: the specification of the wire protocol, section 3.

Tuples and pre-bound ``Struct`` methods, because a node reads one message per request: a message is unpacked
up to its ops, and ``ops`` reads those for the handlers that need them.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception reads like one
from typing import NamedTuple

from asinfo.errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    Op: TypeAlias = tuple[int, int, bytes, bytes]  # code, particle type, name, value
    Bin: TypeAlias = tuple[int, bytes, bytes]  # particle type, name, value

NAMESPACE_NAME_SIZE_MAX, SET_NAME_SIZE_MAX, BIN_NAME_SIZE_MAX = 31, 63, 15
"""Longest names, in bytes. A mark or an index for a longer one would stay for ever: no record can be in it."""

MESSAGE_HEADER_SIZE = 22
DIGEST_SIZE = 20

INFO1_READ = 0x01
INFO1_GET_ALL = 0x02
INFO1_SHORT_QUERY = 0x04
INFO1_BATCH = 0x08
INFO1_XDR = 0x10
INFO1_NO_BINS = 0x20
INFO1_CONSISTENCY_ALL = 0x40
INFO1_COMPRESS_RESPONSE = 0x80

INFO2_WRITE = 0x01
INFO2_DELETE = 0x02
INFO2_GENERATION = 0x04
INFO2_GENERATION_GT = 0x08
INFO2_DURABLE_DELETE = 0x10
INFO2_CREATE_ONLY = 0x20
INFO2_RELAX_AP_LONG_QUERY = 0x40
INFO2_RESPOND_ALL_OPS = 0x80

INFO3_LAST = 0x01
INFO3_COMMIT_MASTER = 0x02
INFO3_PARTITION_DONE = 0x04
INFO3_UPDATE_ONLY = 0x08
INFO3_CREATE_OR_REPLACE = 0x10
INFO3_REPLACE_ONLY = 0x20
INFO3_SC_READ_TYPE = 0x40
INFO3_SC_READ_RELAX = 0x80

FIELD_NAMESPACE = 0
FIELD_SET = 1
FIELD_KEY = 2
FIELD_RECORD_VERSION = 3
FIELD_DIGEST = 4
FIELD_MRT_ID = 5
FIELD_MRT_DEADLINE = 6
FIELD_JOB = 7
FIELD_SOCKET_TIMEOUT = 9
FIELD_RECORDS_PER_SECOND = 10
FIELD_PARTITIONS = 11
FIELD_RESUME_DIGESTS = 12
FIELD_RECORDS_MAX = 13
FIELD_LAST_UPDATE = 14
FIELD_BVALS = 15
FIELD_INDEX_NAME = 21
FIELD_INDEX_RANGE = 22
FIELD_INDEX_CONTEXT = 23
FIELD_INDEX_EXPRESSION = 24
FIELD_INDEX_TYPE = 26
FIELD_UDF_MODULE = 30
FIELD_UDF_FUNCTION = 31
FIELD_UDF_ARGUMENTS = 32
FIELD_UDF_OP = 33
FIELD_BATCH = 41
FIELD_FILTER = 43

OP_READ = 1
OP_WRITE = 2
OP_CDT_READ = 3
OP_CDT_MODIFY = 4
OP_ADD = 5
OP_EXPRESSION_READ = 7
OP_EXPRESSION_MODIFY = 8
OP_APPEND = 9
OP_PREPEND = 10
OP_TOUCH = 11
OP_BIT_READ = 12
OP_BIT_MODIFY = 13
OP_DELETE = 14
OP_HLL_READ = 15
OP_HLL_MODIFY = 16

TTL_DEFAULT = 0
TTL_NEVER = 0xFFFF_FFFF
TTL_UNCHANGED = 0xFFFF_FFFE
TTL_MAX = 315_360_000
"""Longest time to live in seconds that a request may ask for (10 years)."""

EPOCH = 1_262_304_000
"""Void times and last update times count from here: 2010-01-01 UTC, in seconds of UNIX time."""

OP_HEADER = Struct(">IBBBB")
"""An op up to the name of its bin: size of what follows, operation, particle type, flags, size of the name."""

_HEADER = Struct(">BBBBBBIIIHH")
_REPLY_FRAME = Struct(">QB4xBII6xH")  # a reply has neither info bits, a row nor fields: those bytes are 0
_REPLY_START = 2 << 56 | 3 << 48  # version and type of the frame, before the size of its body
_FIELD = Struct(">IB")
_SIZE = Struct(">I")

_pack_header = _HEADER.pack
_pack_reply_frame = _REPLY_FRAME.pack
_unpack_header = Struct(">xBBBBBIIIHH").unpack_from
_unpack_field = _FIELD.unpack_from
_pack_op = OP_HEADER.pack
_unpack_op = OP_HEADER.unpack_from
_unpack_size = _SIZE.unpack_from

_ENDS_EARLY = "a message ends before its last field or op"


class Message(NamedTuple):
    """A message whose ops are not yet read; ``op_count`` of them begin at ``ops_offset`` of its body.

    In a reply ``ttl`` is the void time of the record, and ``time_limit`` the row of a batch.
    """

    info1: int
    info2: int
    info3: int
    info4: int
    result: int
    generation: int
    ttl: int
    time_limit: int
    digest: bytes | None
    fields: dict[int, bytes]
    op_count: int
    ops_offset: int


_new = tuple.__new__  # of a NamedTuple, without its function of Python: a node makes one for each request


def unpack(body: bytes) -> Message:
    """The message that is the whole of ``body``, its ops not yet read.

    Unknown fields are kept; of a field that comes twice the last counts.
    The last field of a batch may say that it is longer than the message: clients send such, and servers take it.
    Raises WireError for what a node answers with result code 4. Bytes after the last op are noticed here only if
    there are no ops, else by ``ops``.
    """
    try:
        info1, info2, info3, info4, result, generation, ttl, limit, count, op_count = _unpack_header(body)
        fields = {}
        position = MESSAGE_HEADER_SIZE
        for _ in range(count):
            size, identifier = _unpack_field(body, position)
            if not size:
                raise WireError("a field has no identifier")
            end = position + 4 + size
            fields[identifier] = body[position + 5 : end]
            position = end
    except StructError:
        raise WireError(_ENDS_EARLY) from None
    if position > len(body):  # the last slice was cut off
        if not info1 & INFO1_BATCH:
            raise WireError(_ENDS_EARLY)
    elif position != len(body) and not op_count:
        raise WireError("the fields of a message do not end where it ends")
    digest = fields.get(FIELD_DIGEST)
    if digest is not None and len(digest) != DIGEST_SIZE:
        raise WireError(f"a digest of {len(digest)} bytes")
    return _new(
        Message,
        (info1, info2, info3, info4, result, generation, ttl, limit, digest, fields, op_count, position),
    )


def record_request(
    digest: bytes,
    fields: dict[int, bytes],
    *,
    info1: int = 0,
    info2: int = 0,
    info3: int = 0,
    info4: int = 0,
    generation: int = 0,
    ttl: int = TTL_DEFAULT,
    limit: int = 0,
) -> Message:
    """A request on one record as `unpack` would give it, but without ops: for requests that came within others."""
    return Message(info1, info2, info3, info4, 0, generation, ttl, limit, digest, fields, 0, 0)


def ops(body: bytes, offset: int, count: int) -> list[Op]:
    """The ``count`` ops at ``offset``, which reach to the end of ``body``: (code, particle type, name, value) each.

    Raises WireError when they do not.
    """
    found, end = read_ops(body, offset, count)
    if end != len(body):
        raise WireError("bytes are left over after the last op")
    return found


def read_ops(data: bytes, offset: int, count: int) -> tuple[list[Op], int]:
    """``count`` ops and the offset after them. Raises WireError when they do not end within ``data``."""
    found = []
    try:
        for _ in range(count):
            size, code, particle, flags, name_size = _unpack_op(data, offset)
            name_end = value = offset + 8 + name_size
            if flags & 1:
                value += 8
            end = offset + 4 + size
            if value > end:
                raise WireError("an op is smaller than its name")
            found.append((code, particle, data[offset + 8 : name_end], data[value:end]))
            offset = end
    except StructError:
        raise WireError(_ENDS_EARLY) from None
    if offset > len(data):
        raise WireError(_ENDS_EARLY)
    return found, offset


def read_fields(data: bytes, offset: int, count: int) -> tuple[dict[int, bytes], int]:
    """``count`` fields and the offset after them. Raises WireError when they do not end within ``data``."""
    fields = {}
    try:
        for _ in range(count):
            size, identifier = _unpack_field(data, offset)
            if not size:
                raise WireError("a field has no identifier")
            end = offset + 4 + size
            fields[identifier] = data[offset + 5 : end]
            offset = end
    except StructError:
        raise WireError(_ENDS_EARLY) from None
    if offset > len(data):
        raise WireError(_ENDS_EARLY)
    return fields, offset


def bins(blob: bytes) -> list[Bin]:
    """Bins in a run of ops, as a record keeps them: (particle type, name, value) each. Raises WireError."""
    found = []
    offset, end = 0, len(blob)
    try:
        while offset < end:
            size, _, particle, flags, name_size = _unpack_op(blob, offset)
            name_end = value = offset + 8 + name_size
            if flags & 1:
                value += 8
            after = offset + 4 + size
            if value > after:
                raise WireError("an op is smaller than its name")
            found.append((particle, blob[offset + 8 : name_end], blob[value:after]))
            offset = after
    except StructError:
        raise WireError(_ENDS_EARLY) from None
    if offset != end:
        raise WireError(_ENDS_EARLY)
    return found


def count_ops(blob: bytes) -> int:
    """How many ops stand in ``blob``. Raises WireError when they do not end where it ends."""
    count = offset = 0
    end = len(blob)
    try:
        while offset < end:
            offset += 4 + _unpack_size(blob, offset)[0]
            count += 1
    except StructError:
        raise WireError(_ENDS_EARLY) from None
    if offset != end:
        raise WireError(_ENDS_EARLY)
    return count


def op(code: int, particle: int, name: bytes, value: bytes = b"") -> bytes:
    """One op. A name of more than 255 bytes has no place in it: WireError."""
    size = len(name)
    if size > 255:
        raise WireError(f"a bin name of {size} bytes")
    return _pack_op(4 + size + len(value), code, particle, 0, size) + name + value


def field(identifier: int, data: bytes) -> bytes:
    """One field."""
    return _FIELD.pack(len(data) + 1, identifier) + data


def reply(  # noqa: PLR0917 - the hot path calls it by position
    result: int,
    generation: int = 0,
    void_time: int = 0,
    ops: bytes = b"",
    row: int = 0,
    info3: int = 0,
    count: int = -1,
) -> bytes:
    """A reply without fields: header and ``ops``, ready-made; ``count`` of them, or they are counted here."""
    if count < 0:
        count = count_ops(ops)
    return (
        _pack_header(MESSAGE_HEADER_SIZE, 0, 0, info3, 0, result, generation, void_time, row, 0, count) + ops
    )


def reply_frame(
    result: int, generation: int = 0, void_time: int = 0, ops: bytes = b"", count: int = -1
) -> bytes:
    """The reply to one single-record request, with its frame around it: what goes over the connection."""
    if count < 0:
        count = count_ops(ops)
    size = MESSAGE_HEADER_SIZE + len(ops)  # always below the 4 GiB that the low part of the length can say
    return (
        _pack_reply_frame(_REPLY_START | size, MESSAGE_HEADER_SIZE, result, generation, void_time, count)
        + ops
    )


def request(
    info1: int = 0,
    info2: int = 0,
    info3: int = 0,
    *,
    info4: int = 0,
    generation: int = 0,
    ttl: int = TTL_DEFAULT,
    limit: int = 1000,
    fields: Iterable[tuple[int, bytes]] = (),
    ops: Sequence[bytes] = (),
) -> bytes:
    """Body of a request; ``limit`` is the time limit in milliseconds, 0 = the node's."""
    parts = [field(identifier, data) for identifier, data in fields]
    header = _pack_header(
        MESSAGE_HEADER_SIZE, info1, info2, info3, info4, 0, generation, ttl, limit, len(parts), len(ops)
    )
    return b"".join([header, *parts, *ops])


def replies(body: bytes) -> list[Message]:
    """The messages that stand back to back in ``body``, as batches and queries answer: each as ``unpack`` gives it.

    Raises WireError when one of them does not end within it.
    """
    found: list[Message] = []
    offset = 0
    while offset < len(body):
        try:
            header = _unpack_header(body, offset)
        except StructError:
            raise WireError(_ENDS_EARLY) from None
        info1, info2, info3, info4, result, generation, ttl, row, count, op_count = header
        fields, start = read_fields(body, offset + MESSAGE_HEADER_SIZE, count)
        digest = fields.get(FIELD_DIGEST)
        found.append(
            Message(info1, info2, info3, info4, result, generation, ttl, row, digest, fields, op_count, start)
        )
        _, offset = read_ops(body, start, op_count)
    return found
