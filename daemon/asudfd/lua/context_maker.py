"""Makes contexts in the node's own process, for calls on the event loop.

What is the node's own, a state with its sandbox, and what the compiler does, is done in a thread; the module's body runs on the event loop,
where it may take BODY_SECONDS: it has been quick in a worker before.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from asudfd.lua.context import TRIAL_MEMORY, ContextSettings, LuaContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.config.schema.lua import ModLua
    from asudfd.lua.context import LuaLog
    from asudfd.lua.crossing import Crossing
    from asudfd.lua.module_sources import ModuleSources

BODY_SECONDS = 0.005
"""Seconds of the processor that the body of a module may hold the event loop, ten times for a module that is used much; one that takes
longer has its calls in workers."""


MAKERS = 2
"""Threads: a module that takes a second to compile shall not keep the others waiting."""


class _Prepared(NamedTuple):
    """A context without its module, and the module's bytecode and place."""

    context: LuaContext
    code: bytes
    place: bytes


class ContextMaker:
    """Makes contexts; ``be_nice`` begins its thread."""

    def __init__(
        self,
        settings: ModLua,
        sources: ModuleSources,
        log: LuaLog,
        crossing: Crossing[Any],
        be_nice: Callable[[], None],
    ) -> None:
        self._sources = sources
        self._settings = ContextSettings(
            os.fsencode(settings.user_path),
            settings.context_memory,
            settings.allow_unsafe_lua,
            sources.by_name,
            log,
            crossing,
            guarded=True,
        )
        self._thread = ThreadPoolExecutor(MAKERS, "lua-make", initializer=be_nice)

    async def make(self, module: str, required: set[bytes]) -> LuaContext | None:
        """A context of ``module`` that is usable; None if there can be none. ``required`` gets the names that it asks for."""
        loop = asyncio.get_running_loop()
        name = module.encode("utf-8", "surrogateescape")
        for source in self._sources.choices(module):
            settings = self._settings._replace(source=source)
            text = self._sources.text_of(module)
            if text is None:
                return None
            prepared = await loop.run_in_executor(self._thread, self._prepare, settings, name, text, required)
            if prepared is None:
                return None
            if run_body(prepared, name):
                return prepared.context
            prepared.context.close()
        return None

    def _prepare(
        self, settings: ContextSettings, name: bytes, text: bytes, required: set[bytes]
    ) -> _Prepared | None:
        """All but the run of the body; in the thread."""
        place = b"%s/%s.lua" % (settings.user_path, name)
        chunk = settings.compiled(text, b"@" + place)
        if chunk.code is None:
            return None
        for each in tuple(required):  # so that they are compiled before the body asks for them
            other = settings.source(each)
            if other is not None:
                settings.compiled(other, b"@%s/%s.lua" % (settings.user_path, each))
        return _Prepared(LuaContext(settings, required), chunk.code, place)

    def stop(self) -> None:
        """Make no more; what is being made ends soon."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        """Wait until the thread has ended; blocks."""
        self._thread.shutdown()


def run_body(prepared: _Prepared, name: bytes) -> bool:
    """Run the body on the event loop; whether calls can be tried in the context then."""
    context, code, place = prepared
    result = context.run(name, code, place, BODY_SECONDS, trial=True)
    context.fresh_memory = context.memory()
    return context.usable and not result.failed and context.fresh_memory <= TRIAL_MEMORY
