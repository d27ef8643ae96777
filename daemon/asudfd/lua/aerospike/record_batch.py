"""The form in which records cross into a stream function: batches of bytes.

To push one string is one step for the host, and bounded:

    01 · generation u16 · ttl u32 · last update u64 · digest 20 bytes
       · set name (u8 size) · key (u32 size) · bins (u32 size)                              a record
    02 · particle type u8 · value (u32 size)                                                a value for a client
    00                                                                        the end of a partition, or of all values

All big-endian. Key, ttl and last update are as in `asudfd.lua.aerospike.record_view.RecordView`.
"""

from struct import Struct

from asudfd.lua.aerospike.record_view import RecordView

END = b"\0"
"""In a batch, what follows the records of a partition."""

_VALUE = Struct(">BBI")
_HEAD = Struct(">BHIQ20sB")
_SIZE = Struct(">I")


def pack(view: RecordView) -> bytes:
    """A record as it stands in a batch."""
    _, generation, ttl, last_update, set_name, key, digest, bins, _ = view
    head = _HEAD.pack(1, generation, ttl, last_update, digest, len(set_name))
    return b"".join((head, set_name, _SIZE.pack(len(key)), key, _SIZE.pack(len(bins)), bins))


def pack_value(kind: int, data: bytes) -> bytes:
    """A particle as it stands in a batch for a client."""
    return _VALUE.pack(2, kind, len(data)) + data
