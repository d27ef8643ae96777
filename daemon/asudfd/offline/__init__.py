"""Functions of a module on a record without a node: `asudfd.call`, for tests and for `asudfd run`.

    result, record = asudfd.call("udf/counter.lua", "increment", {"count": 1}, "count", 5)

No network, no thread and no event loop: Lua runs in the caller's thread, in the sandbox that a node has.
"""

from asudfd.offline.error import CallError
from asudfd.offline.module import CallResult, OfflineModule, call
from asudfd.offline.record import UdfRecord
from asudfd.offline.reduce import reduce_values

__all__ = ["CallError", "CallResult", "OfflineModule", "UdfRecord", "call", "reduce_values"]
