"""A version of a module's code, to which contexts belong."""

from __future__ import annotations

from dataclasses import dataclass, field

from asudfd.lua.context import REQUIRED_MAX
from asudfd.lua.profile_guard import ProfileGuard


class RequiredNames(set[bytes]):
    """Names that the contexts of one version have asked for; ``asked`` gets those of all modules, up to REQUIRED_MAX.

    So most changes of a module need not look through the others: nobody ever asked for it.
    """

    __slots__ = ("_asked",)

    def __init__(self, asked: set[bytes]) -> None:
        super().__init__()
        self._asked = asked

    def add(self, name: bytes) -> None:
        """Add ``name``; from any thread."""
        if len(self._asked) < REQUIRED_MAX:
            self._asked.add(name)
        if len(self) < REQUIRED_MAX:
            super().add(name)


@dataclass(slots=True, eq=False)
class ModuleVersion:
    """One version of a module's code.

    ``required`` are the names that its contexts have required, found or not. ``guard`` knows which of its functions may run
    on the event loop.
    """

    required: set[bytes] = field(default_factory=set)
    guard: ProfileGuard = field(default_factory=ProfileGuard)
