"""A command of a client, as handlers get it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.state import ServerState


class CommandRequest(NamedTuple):
    """A command with its name first, whose arity is right, and who sent it."""

    state: ServerState
    client: Client
    arguments: list[bytes]
