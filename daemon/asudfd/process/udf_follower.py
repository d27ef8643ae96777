"""Registers the modules of a directory, and again what changes there: a node beside an editor.

What does not compile is told in the log, and the version before stays registered. What the linter finds is told, too, and
stops nothing. A file that is removed is unregistered; a module that others have registered is left alone. watchfiles tells of changes at once where it is installed; without it
the directory is looked at every POLL_SECONDS.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from asinfo.text import text
from asinfo.wire.udf import base64
from asudfd.errors import StartError
from asudfd.lua.errors import ModuleError
from asudfd.process.udf_findings import UdfFindings
from asudfd.smd.interface import UDF, SmdFailed, SmdTimeout
from asudfd.udf.module import to_value
from asudfd.udf.watched_directory import WatchedDirectory

if TYPE_CHECKING:
    from pathlib import Path

    from asudfd.node import Node

POLL_SECONDS = 0.2
"""Between two looks: a file is registered half a second after it was saved, and a look takes some 50 microseconds."""

TOLD_SECONDS = 5.0
"""Between two looks where watchfiles tells of changes: it does not know every file system."""

WRITTEN_SECONDS = 0.05
"""Between two looks at a file that changes: after that it has been written."""


class UdfFollower:
    """Keeps the modules of the cluster of ``node`` as they are in the directory ``path``."""

    def __init__(self, node: Node, path: Path) -> None:
        self._node = node
        self._log = node.log
        self._path = path
        self._watched = WatchedDirectory(path)
        self._findings = UdfFindings(node.log, path)
        self._failed: dict[str, bytes] = {}
        self._told: dict[str, str] = {}
        self._stirred = asyncio.Event()

    async def begin(self) -> None:
        """Register what is there. Raises StartError if the directory cannot be read."""
        try:
            await self._look(first=True)
        except OSError as error:
            raise StartError(f"--udf: cannot read {self._path}: {error.strerror}") from error
        others = sorted(set(self._node.modules.names()) - set(self._failed) - self._watched.names())
        if others:
            self._log.info("udf", f"registered before, and not in {self._path}: {', '.join(others)}")

    async def follow(self) -> None:
        """Register what changes, until cancelled."""
        looking = asyncio.create_task(self._findings.follow())
        looking.add_done_callback(self._on_looked)
        try:
            await self._register_changes()
        finally:
            looking.cancel()

    def _on_looked(self, looking: asyncio.Task[None]) -> None:
        if not looking.cancelled() and (error := looking.exception()):
            self._log.warning("udf", f"--udf: findings are not told any more: {error!r}")

    async def _register_changes(self) -> None:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch())
            pending = False
            while True:
                seconds = WRITTEN_SECONDS if pending else POLL_SECONDS if watching.done() else TOLD_SECONDS
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stirred.wait(), seconds)
                self._stirred.clear()
                pending = await self._look_again()

    async def _watch(self) -> None:
        """Have watchfiles wake `follow`; ends at once where it is not installed or does not work."""
        try:
            from watchfiles import awatch

            async for _ in awatch(self._path, recursive=False, debounce=50, step=20):
                self._stirred.set()
        except (ImportError, OSError, RuntimeError):
            self._stirred.set()  # `follow` looks more often from now on

    async def _look_again(self) -> bool:
        """Whether something changes just now. A directory that is away for a time has lost no module."""
        try:
            pending = await self._look()
            self._told.pop("", None)
        except OSError as error:
            self._tell("", f"cannot read {self._path}: {error.strerror}; its modules stay registered")
            return False
        return pending

    async def _look(self, *, first: bool = False) -> bool:
        found = await asyncio.to_thread(self._watched.look, first=first)
        for name in found.removed:
            self._failed.pop(name, None)
            self._told.pop(name, None)
            await self._remove(name)
        for name, reason in found.problems.items():
            self._tell(name, f"{name} is not registered: {reason}")
        for name in found.changed:
            self._told.pop(name, None)
        if found.changed or found.removed:
            await self._register({**self._failed, **found.changed})
            self._look_closer({*found.changed, *found.removed})
        return found.pending

    def _look_closer(self, names: set[str]) -> None:
        """Have the linter look at what has changed."""
        registered = {
            name: module.source
            for name in self._node.modules.names()
            if (module := self._node.modules.get(name))
        }
        files = self._watched.names()
        known = {**registered, **self._failed}
        self._findings.changed(
            names,
            {name: source for name, source in known.items() if name in files},
            {name: source for name, source in known.items() if name not in files},
        )

    async def _register(self, sources: dict[str, bytes]) -> None:
        """Register all, those that others require before these: what fails is tried again while others succeed."""
        reasons: dict[str, ModuleError | str] = {}
        left = len(sources) + 1
        while sources and len(sources) < left:
            left = len(sources)
            for name, source in list(sources.items()):
                reason = await self._put(name, source)
                if reason is None:
                    del sources[name]
                else:
                    reasons[name] = reason
        for name in sources:
            self._refuse(name, reasons[name])
        self._failed = sources

    async def _put(self, name: str, source: bytes) -> ModuleError | str | None:
        """Why a module cannot be registered; None when it is."""
        known = self._node.modules.get(name)
        if known is not None and known.source == source:
            return None
        if not source:
            return "it is empty"
        try:
            await self._node.host.validate(name, source)
            await self._node.smd.set(UDF, name, to_value(name, base64(source).decode()))
        except ModuleError as error:
            return error
        except (SmdFailed, SmdTimeout) as error:
            return str(error) or "the metadata store did not answer in time"
        self._log.info("udf", f"{'registered' if known is None else 'registered anew'}: {name}", name)
        return None

    async def _remove(self, name: str) -> None:
        if self._node.modules.get(name) is None:
            return
        try:
            await self._node.smd.set(UDF, name, None)
        except (SmdFailed, SmdTimeout) as error:
            self._tell(name, f"{name} is gone and stays registered: {error}")
        else:
            self._log.info("udf", f"unregistered: {name}", name)

    def _refuse(self, name: str, reason: ModuleError | str) -> None:
        stays = "; the version before stays" if self._node.modules.get(name) else ""
        if isinstance(reason, str):
            self._tell(name, f"{name} is not registered: {reason}{stays}")
            return
        place = f"{text(reason.file) or name}:{reason.line}" if reason.line else name
        self._tell(name, f"{name} is not registered: {place}: {text(reason.message)}{stays}", place)

    def _tell(self, name: str, what: str, place: str = "") -> None:
        """Log a warning, unless it is the one that was logged last of ``name``."""
        if self._told.get(name) != what:
            self._told[name] = what
            self._log.warning("udf", what, place or name or "udf", always=True)
