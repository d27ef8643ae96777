"""The arguments of record functions and stream functions, as values that cross into Lua."""

from typing import NamedTuple

from asudfd.lua.call import LuaCall


class RecordView(NamedTuple):
    """The record that a function is applied to, as it crosses into Lua: nothing is converted.

    Of a record that does not exist, all but the set name, the key and the digest is 0 or empty. ``generation`` is 1
    to 65535. ``ttl`` is the seconds left, 0 when the record never expires. ``last_update`` is milliseconds since 2010-01-01
    UTC. ``set_name`` is empty without a set. ``key`` is the type byte and value of the stored key, else of the one sent with
    the call, else empty. ``bins`` are as `asudfd.record.record.Record` keeps them. ``in_memory`` tells whether the
    storage engine of the namespace is `memory`.
    """

    exists: bool
    generation: int
    ttl: int
    last_update: int
    set_name: bytes
    key: bytes
    digest: bytes
    bins: bytes
    in_memory: bool


class StreamView(NamedTuple):
    """The arguments of a stream function: the ``head`` of the message for each value, and whether the storage is `memory`.

    ``client``: it runs as on a client, from its first reduce on, with the values that nodes have sent.
    """

    head: bytes
    in_memory: bool
    client: bool = False


def record_call(module: str, function: bytes, arguments: bytes, view: RecordView) -> LuaCall:
    """The call of a record function; ``arguments`` is the msgpack list of the request."""
    return LuaCall(module, function, arguments, view, len(arguments) + len(view.bins))


def stream_call(module: str, function: bytes, arguments: bytes, view: StreamView) -> LuaCall:
    """The call of a stream function."""
    return LuaCall(module, function, arguments, view, len(arguments))
