"""Commands about the connection and the server: a file for each family, a row for each handler.

A handler gets the request and returns a reply (asudfd.valkey.reply) or raises CommandFailed. Arity and permission have been
checked. To add a family is one file and one line here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol

from asudfd.valkey.commands import (
    acl,
    client,
    cluster,
    command,
    config,
    connection,
    debug,
    function,
    help,  # noqa: A004 - the name of the command
    info,
    monitoring,
    pubsub,
    replication,
    server,
    tracking,
    transaction,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asudfd.valkey.request import CommandRequest

    Handler = Callable[[CommandRequest], object]


class CommandFamily(Protocol):
    """A module of handlers."""

    @property
    def HANDLERS(self) -> Mapping[str, Handler]:  # noqa: N802 - a constant of the module
        """The handler of each command, by the name of its row."""


FAMILIES: tuple[CommandFamily, ...] = (
    *(
        acl,
        client,
        cluster,
        command,
        config,
        connection,
        debug,
        function,
        help,
        info,
        monitoring,
        pubsub,
        replication,
        server,
    ),
    *(tracking, transaction),
)


@cache
def handlers() -> dict[str, Handler]:
    """The handler of each command, by the name of its row."""
    found: dict[str, Handler] = {}
    for family in FAMILIES:
        for name, handler in family.HANDLERS.items():
            if name in found:
                raise ValueError(f"two handlers for {name}")
            found[name] = handler
    return found
