"""Has scripts and libraries checked in workers, on the event loop of the node, and compiled there; the face has a thread of its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from asudfd.lua.errors import ModuleError
from asudfd.lua.module_check import slow_body
from asudfd.lua.valkey.chunk_compiler import compile_chunk
from asudfd.lua.worker.checker import ModuleChecker
from asudfd.lua.worker.frames import ModuleCheck, WorkerSettings
from asudfd.lua.worker.module_worker import WorkerNews
from asudfd.lua.worker.supply import NoWorkerError
from asudfd.lua.worker_telling import NICENESS, SPARE_MEMORY
from asudfd.valkey.lua_text import LIBRARY, MEMORY, CheckedText
from asudfd.valkey.running import LOAD_MILLISECONDS, LOAD_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asudfd.lua.worker.supply import WorkerSupply
    from asudfd.network.reactor import Reactor
    from asudfd.valkey.lua_text import LuaText

TEXT_MAX = 16 << 20
"""Bytes of a text. Ordinary code of that size takes more than a second to compile."""

SETTINGS = WorkerSettings(
    b"",
    MEMORY,
    unsafe=False,
    address_space=2 * MEMORY + SPARE_MEMORY,
    niceness=NICENESS,
    checks="asudfd.valkey.worker_check",
)

UNCHECKED = CheckedText(None, b"the check of the text was given up")
"""Of a text whose check did not end: the node stops, or something has failed."""

_SLOW_BODY = slow_body(b"", LOAD_MILLISECONDS).message


class TextChecker:
    """Checks texts in workers that ``supply`` makes, for the thread of ``reactor``; ``warn`` is told what the log is to have.

    `check` and what it returns are for that thread, all else for the event loop of the node.
    """

    def __init__(self, supply: WorkerSupply, reactor: Reactor, warn: Callable[[str], None]) -> None:
        self._reactor = reactor
        news = WorkerNews(lambda line: warn(line.text), lambda _lines: None)
        self._checker = ModuleChecker(supply, SETTINGS, news, lambda _name: None, lambda _name: None)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """``loop`` is the one of the node."""
        self._loop = loop

    def stop(self) -> None:
        """End the checks."""
        self._loop = None
        for task in self._tasks:
            task.cancel()
        self._checker.stop()

    def check(
        self, texts: Sequence[LuaText], ended: Callable[[Mapping[LuaText, CheckedText]], None]
    ) -> Callable[[], None]:
        """Begin to check texts; ``ended`` is called in the same thread, later. To call what is returned gives the check up."""
        job = _Job(texts, ended)
        self._call(partial(self._begin, job))
        return lambda: self._call(job.cancel)

    def _call(self, call: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:  # else the node stops, and nobody is served any more
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(call)

    def _begin(self, job: _Job) -> None:
        job.task = task = asyncio.get_running_loop().create_task(self._run(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, job: _Job) -> None:
        verdicts = dict.fromkeys(job.texts, UNCHECKED)
        try:
            for text in job.texts:
                verdicts[text] = await self._checked(text)
        finally:
            self._reactor.call_soon_threadsafe(partial(job.ended, verdicts))

    async def _checked(self, text: LuaText) -> CheckedText:
        if len(text.code) > TEXT_MAX:
            return CheckedText(None, b"text has more than %d MiB" % (TEXT_MAX >> 20))
        milliseconds = LOAD_MILLISECONDS if text.chunk == LIBRARY else 0
        try:
            await self._checker.check(ModuleCheck(text.chunk, text.code, milliseconds))
        except ModuleError as error:
            if error.message == _SLOW_BODY:
                return CheckedText(None, refusal=b"ERR Error registering functions: " + LOAD_TIMEOUT)
            return CheckedText(None, error.message.replace(b"module", b"text"))
        except NoWorkerError as error:
            return CheckedText(None, b"text cannot be checked: " + str(error).encode())
        # what a worker has compiled could be anything: bytecode is believed unseen
        return CheckedText(*await asyncio.to_thread(compile_chunk, text.compiled, text.chunk))


class _Job:
    """Texts that are checked for a client."""

    def __init__(
        self, texts: Sequence[LuaText], ended: Callable[[Mapping[LuaText, CheckedText]], None]
    ) -> None:
        self.texts = texts
        self.ended = ended
        self.task: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()
