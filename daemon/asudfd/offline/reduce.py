"""The client's half of an aggregation: what nodes have sent is reduced to the result, as clients do it.

    [total] = reduce_values("udf/stats.lua", "count", [], values_of_all_nodes)

Nodes do the operations of a stream function up to its first reduce, once for every partition. The first reduce and all
behind it are the client's, with the values of all partitions. Where nothing is reduced, the values are the result.
Source: the UDF specification, section 4.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from asinfo.wire import msgpack, particle
from asinfo.wire.message import bins
from asudfd.lua.aerospike.record_batch import END, pack_value
from asudfd.lua.aerospike.record_view import StreamView, stream_call
from asudfd.offline.error import call_error
from asudfd.offline.module import OfflineModule

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SECONDS = 10.0
"""What a reduction may take of the processor; clients have no limit."""

BATCH_SIZE = 1 << 20
"""Bytes of values that cross into Lua at a time, of the 96 MB that a context may have."""


def reduce_values(
    source: str | bytes | os.PathLike[str],
    function: str,
    arguments: Sequence[Any],
    values: Iterable[Any],
    *,
    modules: Mapping[str, str | bytes] | None = None,
    seconds: float = SECONDS,
) -> list[Any]:
    """What a client makes of ``values``, which nodes have sent for the stream function ``function``.

    ``source`` and ``modules`` are as `OfflineModule` takes them. Values end at the first None, as a client's do. Raises
    CallError, and WireError for an argument or a value that cannot be.
    """
    module = OfflineModule(source, modules=modules, seconds=seconds)
    call = stream_call(
        module.source.name,
        function.encode(),
        msgpack.pack(list(arguments)),
        StreamView(b"", True, client=True),
    )
    context = module.ready()
    module.watch.start()
    context.open_stream(call)
    deadline = time.thread_time() + seconds
    found: list[Any] = []
    for batch in _batches(values):
        more = True
        while more:
            poured = context.pour(batch, deadline)
            found += [particle.unpack(kind, data) for kind, _, data in bins(poured.messages)]
            if poured.failure:
                module.watch.settle()
                text = poured.failure.decode("utf-8", "backslashreplace")
                raise call_error(text, module.source, frames=module.watch.failure())
            batch, more = b"", poured.more  # noqa: PLW2901 - an empty batch goes on with the last one
    module.close()
    return found


def _batches(values: Iterable[Any]) -> Iterator[bytes]:
    """The values as Lua reads them, up to the first None; their end is in the last batch."""
    parts, size = [], 0
    for value in values:
        if value is None:
            break
        kind, data = particle.pack(value)
        parts.append(pack_value(kind, data))
        size += len(parts[-1])
        if size > BATCH_SIZE:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join((*parts, END))
