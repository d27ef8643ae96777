"""Commands about the connection and the server: a file for each family, a row for each handler.

A handler gets the request and returns a reply (asudfd.valkey.reply) or raises CommandFailed. Arity and permission have been
checked. To add a family is one file and one line here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from asudfd.valkey.commands import connection, function

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.valkey.request import CommandRequest

    Handler = Callable[[CommandRequest], object]

FAMILIES = (connection, function)


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
