"""The call of a record function as tests write it: values in, a value or the text of an error out."""

from typing import Any, NamedTuple

from asinfo.wire import msgpack, particle
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import RecordView, record_call
from asudfd.lua.aerospike.udf_result import UdfResult
from asudfd.lua.call import Scalar
from asudfd.lua.context import LuaContext

NO_RECORD = RecordView(False, 0, 0, 0, b"", b"", bytes(20), b"", True)


class Returned(NamedTuple):
    """What a function returned, or the text of its error if it has ``failed``; strings are bytes."""

    failed: bool
    value: Scalar


def call_in(context: LuaContext, deadline: float, *arguments: Scalar, function: bytes = b"f") -> Returned:
    """Call a function of a context for a record that does not exist."""
    packed = msgpack.pack(
        [each.decode("utf-8", "surrogateescape") if isinstance(each, bytes) else each for each in arguments]
    )
    result: UdfResult = context.invoke(record_call("m", function, packed, NO_RECORD), deadline)
    return Returned(result.code != 0, _value(result))


async def call_function(
    host: UdfHost, module: str, function: str = "f", *arguments: Any, seconds: float = 5
) -> Any:
    """What the function returns for a record that does not exist; strings are bytes, and so is the text of an error."""
    packed = msgpack.pack(list(arguments))
    result = await host.run(
        record_call(module, function.encode("utf-8", "surrogateescape"), packed, NO_RECORD), seconds
    )
    return _value(result)


def _value(result: UdfResult) -> Any:
    if result.particle == particle.STRING:
        return result.value
    return particle.unpack(result.particle, result.value)
