"""A call of a Lua function as it goes into a context, and what comes out: bytes and numbers, no Python objects."""

from typing import NamedTuple

Scalar = None | bool | int | float | bytes
"""What may cross between Python and Lua; anything else would arrive there as a Python object."""


class LuaCall(NamedTuple):
    """One call of the global ``function`` of ``module``.

    ``arguments`` are encoded as the crossing's Lua files read them. ``view`` are the values of what the function works on,
    such as a record: what they mean, the crossing knows. ``size`` is how many bytes both have together.
    """

    module: str
    function: bytes
    arguments: bytes
    view: tuple[Scalar, ...]
    size: int


class BodyResult(NamedTuple):
    """The result of a module's body: ``failed`` with a message (None: no text), or not."""

    failed: bool
    value: Scalar


class StreamResult(NamedTuple):
    """The result of a batch of a stream.

    ``messages`` are whole, one for every value that goes out. ``more`` tells that the batch is not done. ``failure`` is the
    error text with which the stream ends, or empty; ``detail`` says where it failed, or why its module does not load.
    """

    messages: bytes
    more: bool
    failure: bytes
    detail: bytes = b""


REUSE, LATE, BROKEN = range(3)
"""State of a context after a call: usable, the deadline passed during the call, or not usable for another reason."""

OUT_OF_MEMORY = b"not enough memory"
"""Lua's own error text."""
