"""The check of a module as `udf-put` has it: the text compiles, soon, and its body ends without an error, in a context of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from asudfd.lua.call import OUT_OF_MEMORY
from asudfd.lua.errors import ModuleError, compile_error
from asudfd.lua.state import compile_text

if TYPE_CHECKING:
    from asudfd.lua.context import LuaContext
    from asudfd.lua.crossing import Crossing

COMPILE_SECONDS = 1.0
"""Processor seconds that a module may take to compile; a megabyte of ordinary code takes a tenth.

The compiler cannot be interrupted, and some 170 nested functions with 190 locals each keep it busy for five seconds. A
module that took longer than this is refused, so it is compiled this once, and never by a call.
"""


def compiled(name: bytes, content: bytes, crossing: Crossing[Any]) -> bytes:
    """The bytecode of a module. Raises ModuleError."""
    began = time.thread_time()
    chunk = compile_text(content, name, crossing.no_tail_calls, crossing.lua_version)
    if chunk.code is None:
        raise compile_error(chunk.message)
    if time.thread_time() - began > COMPILE_SECONDS:
        raise slow_compile(name)
    return chunk.code


def check_body(context: LuaContext, name: bytes, code: bytes, body_max_ms: int) -> bool:
    """Run the body of a module; whether the context can still be used. Raises ModuleError.

    The context's clock is the processor time of this thread.
    """
    result = context.run(name, code, None, time.thread_time() + body_max_ms / 1000)
    if not context.usable and result.value != OUT_OF_MEMORY:
        raise slow_body(name, body_max_ms)
    if result.failed:
        raise compile_error(result.value if isinstance(result.value, bytes) else None)
    return context.usable


def slow_compile(name: bytes) -> ModuleError:
    """The error of a module that takes too long to compile."""
    return ModuleError(name, 0, b"module takes more than %g s to compile" % COMPILE_SECONDS)


def slow_body(name: bytes, body_max_ms: int) -> ModuleError:
    """The error of a module whose body does not end."""
    return ModuleError(name, 0, b"module body did not end within %d ms" % body_max_ms)
