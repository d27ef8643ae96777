"""The commands that ``schedule print`` prints jobs of: those that a clock may run, because they are silent unless something is wrong."""

from __future__ import annotations

from typing import NamedTuple

from asadm.cron import settings
from asinfo.errors import UsageError

_OF_CHECKS = ("verify", "prune", "metrics-file")


class ScheduledCommand(NamedTuple):
    """One of them.

    ``words``      of the command
    ``summary``    what the printed files say of it
    ``flags``      which of its flags are carried over; it is always ``--quiet``
    ``directory``  whether a directory may follow
    """

    words: tuple[str, ...]
    summary: str
    flags: tuple[str, ...] = ()
    directory: bool = False

    @property
    def name(self) -> str:
        """Its words as one text."""
        return " ".join(self.words)


CLEAR = ScheduledCommand(
    ("cache", "clear"),
    "Clear the Lua caches of all configured nodes",
    tuple(option.name for option in settings.OPTIONS if option.name not in {"quiet", "dry-run"}),
)
CHECK_ALL = ScheduledCommand(("check", "all"), "Check all clusters of the inventory", ("config",))
COMMANDS = (
    CLEAR,
    ScheduledCommand(("udf", "check"), "Check the Lua modules of all configured nodes", _OF_CHECKS, True),
    ScheduledCommand(
        ("function", "check"), "Check the function libraries of all configured servers", _OF_CHECKS, True
    ),
    ScheduledCommand(
        ("check", "config"),
        "Check the configuration of all configured nodes",
        ("baseline", "ignore", "metrics-file"),
    ),
    CHECK_ALL,
)
_SHORT = {"fn": "function"}


def command_of(words: list[str]) -> tuple[ScheduledCommand, str | None]:
    """The command that ``words`` name, `CLEAR` for none, and the directory behind it. Raises UsageError."""
    if not words:
        return CLEAR, None
    spelled = (_SHORT.get(words[0], words[0]), *words[1:2])
    found = next((command for command in COMMANDS if command.words == spelled), None)
    if found is None:
        known = ", ".join(command.name for command in COMMANDS)
        raise UsageError(f"schedule print: {' '.join(words)!r} is no command for a clock; there are {known}")
    rest = words[2:]
    if len(rest) > found.directory:
        raise UsageError(f"schedule print: {found.name}: unexpected {rest[-1]!r}")
    return found, next(iter(rest), None)
