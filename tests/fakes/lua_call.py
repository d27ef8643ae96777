"""The call of a record function as tests write it: values in, a value or the text of an error out."""

from typing import Any

from asinfo.wire import msgpack, particle
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import RecordView, record_call

NO_RECORD = RecordView(False, 0, 0, 0, b"", b"", bytes(20), b"", True)


async def call_function(
    host: UdfHost, module: str, function: str = "f", *arguments: Any, seconds: float = 5
) -> Any:
    """What the function returns for a record that does not exist; strings are bytes, and so is the text of an error."""
    packed = msgpack.pack(list(arguments))
    result = await host.run(
        record_call(module, function.encode("utf-8", "surrogateescape"), packed, NO_RECORD), seconds
    )
    if result.particle == particle.STRING:
        return result.value
    return particle.unpack(result.particle, result.value)
