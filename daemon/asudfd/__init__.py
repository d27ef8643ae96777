"""asudfd: a lightweight node for user-defined functions that speaks the Aerospike protocols.

A program that wants a node of its own, in a test for instance, takes `asudfd.Node`; see `asudfd.embedded`. One that wants
to call a function without a node takes `asudfd.call`; see `asudfd.offline`.
"""

__all__ = ["CallError", "Node", "OfflineModule", "StartError", "StopError", "UdfRecord", "call"]

TYPE_CHECKING = False  # this comes before `asudfd.start`, which comes before any import
if TYPE_CHECKING:
    from asudfd.embedded import EmbeddedNode as Node
    from asudfd.errors import StartError, StopError
    from asudfd.offline import CallError, OfflineModule, UdfRecord, call


def __getattr__(name: str) -> object:
    """Import what is in `__all__` when it is first asked for: a start of the daemon needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "Node":
        from asudfd.embedded import EmbeddedNode

        return EmbeddedNode
    if name in {"StartError", "StopError"}:
        from asudfd import errors

        return getattr(errors, name)
    from asudfd import offline

    return getattr(offline, name)
