"""HELP of the commands that have subcommands: made from the table of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.reply import Status
from asudfd.valkey.summaries import summary
from asudfd.valkey.table import command_rows

if TYPE_CHECKING:
    from asudfd.valkey.request import CommandRequest

CONTAINERS = (
    *("acl", "client", "cluster", "commandlog", "config", "latency", "memory", "module", "pubsub"),
    *("script", "slowlog", "xgroup", "xinfo"),
)


def help_lines(container: str) -> list[object]:
    """The lines of HELP of a command."""
    lines = [f"{container.upper()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
    for name in command_rows():
        if name.startswith(f"{container}|") and not name.endswith("|help"):
            lines += [name.partition("|")[2].upper(), f"    {summary(name)}"]
    return [Status(line.encode()) for line in [*lines, "HELP", "    Print this help."]]


def help_(request: CommandRequest) -> object:
    """CONTAINER HELP."""
    return help_lines(request.arguments[0].decode("latin-1").lower())


HANDLERS = {f"{container}|help": help_ for container in CONTAINERS}
