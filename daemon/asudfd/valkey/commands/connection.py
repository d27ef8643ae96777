"""Commands about the client's own connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.reply import OK, CommandFailed

if TYPE_CHECKING:
    from asudfd.valkey.request import CommandRequest

DATABASES = 16


def hello(request: CommandRequest) -> object:
    """HELLO [protover [AUTH username password] [SETNAME name]]."""
    client = request.client
    if len(request.arguments) > 1:
        if request.arguments[1] not in {b"2", b"3"}:
            raise CommandFailed("NOPROTO unsupported protocol version")
        client.resp = int(request.arguments[1])
    return {
        b"server": b"valkey",
        b"version": b"9.1.2",
        b"proto": client.resp,
        b"id": client.id,
        b"mode": b"standalone",
        b"role": b"master",
        b"modules": [],
    }


def select(request: CommandRequest) -> object:
    """SELECT index."""
    index = request.arguments[1]
    if not index.isdigit() or int(index) >= DATABASES:
        raise CommandFailed("ERR DB index is out of range")
    request.client.database = int(index)
    return OK


HANDLERS = {"hello": hello, "select": select}
