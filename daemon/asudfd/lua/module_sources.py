"""The sources of modules, as contexts get them: the present ones, and where these fail, those that a module was put beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.lua.previous_sources import PreviousSources

if TYPE_CHECKING:
    from collections.abc import Callable


class ModuleSources:
    """``source`` gives the text of a registered module by its name without `.lua`; from any thread."""

    def __init__(self, source: Callable[[str], bytes | None]) -> None:
        self._source = source
        self.previous = PreviousSources()

    def text_of(self, module: str) -> bytes | None:
        """The text of a module that can be called: dots and slashes in a name would mean directories."""
        return None if "." in module or "/" in module else self._source(module)

    def by_name(self, name: bytes) -> bytes | None:
        """The text of a module that Lua names."""
        return self.text_of(name.decode("utf-8", "surrogateescape"))

    def choices(self, module: str) -> list[Callable[[bytes], bytes | None]]:
        """What a context of ``module`` is tried with: the other modules as they are, then those that changed as they were."""
        previous = self.previous.known_to(module)
        if not previous:
            return [self.by_name]
        return [
            self.by_name,
            lambda name: previous.get(name.decode("utf-8", "surrogateescape")) or self.by_name(name),
        ]
