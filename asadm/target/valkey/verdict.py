"""The verdict of the sandbox about one library."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENVIRONMENTS = (b"getfenv", b"setfenv", b"newproxy")
"""Functions of Lua that Valkey has not had since 8.1."""

SERVER = b"server"
"""Valkey's name of what it offers to functions; Redis calls it ``redis``, as Valkey does, too."""

WATCHED = frozenset((*ENVIRONMENTS, SERVER))
"""Globals that only some servers have."""


class Verdict:
    """What a library does when it is loaded.

    ``functions``  the names that it registers
    ``globals``    the first line of each global in `WATCHED` that it names
    ``logged``     the line of a server.log that runs at load (0: of unknown place); None without one
    ``failure``    why it cannot be loaded; empty where it can
    ``line``       the line of the failure, 0 where it is unknown
    ``name``       the function whose name is wrong, if that is the failure
    ``earlier``    the function of this library that has the name already, as that one is written
    """

    __slots__ = ("earlier", "failure", "functions", "globals", "line", "logged", "name")

    def __init__(
        self,
        functions: Sequence[bytes] = (),
        globals_: Mapping[bytes, int] | None = None,
        *,
        logged: int | None = None,
        failure: str = "",
        line: int = 0,
        name: bytes | None = None,
        earlier: bytes | None = None,
    ) -> None:
        self.functions = functions
        self.globals = globals_ or {}
        self.logged = logged
        self.failure = failure
        self.line = line
        self.name = name
        self.earlier = earlier
