"""asudfd: a lightweight node for user-defined functions that speaks the Aerospike protocols.

A program that wants a node of its own, in a test for instance, takes `asudfd.Node`, a node in a thread of the program, or
`asudfd.NodeProcess`. One that wants to call a function without a node takes `asudfd.call`; see `asudfd.offline`.
"""

__all__ = [
    "CallError",
    "Node",
    "NodeProcess",
    "OfflineModule",
    "StartError",
    "StopError",
    "UdfRecord",
    "call",
]

TYPE_CHECKING = False  # this comes before `asudfd.start`, which comes before any import
if TYPE_CHECKING:
    from asudfd.embedded import EmbeddedNode as Node
    from asudfd.errors import StartError, StopError
    from asudfd.node_process import NodeProcess
    from asudfd.offline import CallError, OfflineModule, UdfRecord, call

_HOMES = {
    "EmbeddedNode": "embedded",
    "NodeProcess": "node_process",
    "StartError": "errors",
    "StopError": "errors",
}
"""The modules of what is not in `asudfd.offline`."""


def __getattr__(name: str) -> object:
    """Import what is in `__all__` when it is first asked for: a start of the daemon needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    own = "EmbeddedNode" if name == "Node" else name
    found: object = getattr(import_module(f"{__name__}.{_HOMES.get(own, 'offline')}"), own)
    return found
