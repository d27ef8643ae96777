"""asudfd: a lightweight node for user-defined functions that speaks the Aerospike protocols.

A program that wants a node of its own, in a test for instance, takes `asudfd.Node`; see `asudfd.embedded`.
"""

__all__ = ["Node", "StartError", "StopError"]

TYPE_CHECKING = False  # this comes before `asudfd.start`, which comes before any import
if TYPE_CHECKING:
    from asudfd.embedded import EmbeddedNode as Node
    from asudfd.errors import StartError, StopError


def __getattr__(name: str) -> object:
    """Import what is in `__all__` when it is first asked for: a start of the daemon needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "Node":
        from asudfd.embedded import EmbeddedNode

        return EmbeddedNode
    from asudfd import errors

    return getattr(errors, name)
