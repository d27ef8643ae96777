"""The check of scripts and libraries, in a worker: whether they compile, and whether a library's body ends, shows by itself."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from asudfd.lua.module_check import slow_body
from asudfd.lua.valkey.chunk_compiler import compile_chunk
from asudfd.lua.worker.frames import ModuleCheck
from asudfd.valkey.load_check import LibraryCheck
from asudfd.valkey.lua_text import LIBRARY, LuaText

if TYPE_CHECKING:
    from collections.abc import Callable

_WARM_UP = ModuleCheck(LIBRARY, b"#!lua name=warm\nlocal x = 1", 1000)


def check_of(compiled: Callable[[], None]) -> Callable[[ModuleCheck], None]:
    """The check of a text, with all loaded that it needs; ``compiled`` is called where the body begins.

    A text that fails is good all the same: it fails in the keyspace, too, soon. Raises ModuleError for a body that does not end.
    """
    libraries = LibraryCheck(clock=time.thread_time)
    _check(libraries, lambda: None, _WARM_UP)
    return partial(_check, libraries, compiled)


def _check(libraries: LibraryCheck, compiled: Callable[[], None], module: ModuleCheck) -> None:
    text = LuaText(module.name, module.content)
    chunk = compile_chunk(text.compiled, text.chunk)
    compiled()
    if chunk.code is not None and module.body_max_ms and not libraries.ends(text, chunk.code):
        raise slow_body(module.name, module.body_max_ms)
