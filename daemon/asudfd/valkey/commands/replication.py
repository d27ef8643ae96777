"""Commands about copies of the data: a client may follow the changes; no node of ours follows another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asinfo.wire.functions import rdb_file
from asudfd.valkey.commands.arguments import integer
from asudfd.valkey.followers import snapshot
from asudfd.valkey.reply import OK, CommandFailed, EncodedReply, Status
from asudfd.valkey.slots import PORT_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.valkey.request import CommandRequest

SYNTAX = "ERR syntax error"


def role(request: CommandRequest) -> object:
    """ROLE."""
    addresses = [each.connection.address for each in request.state.followers.clients if each.connection]
    return [b"master", 0, [[*address.rsplit(":", 1), "0"] for address in addresses]]


def replica_of(request: CommandRequest) -> object:
    """REPLICAOF host port, REPLICAOF NO ONE."""
    if request.state.cluster:
        raise CommandFailed("ERR REPLICAOF not allowed in cluster mode.")
    host, port = request.arguments[1:]
    if (host.upper(), port.upper()) == (b"NO", b"ONE"):
        return OK
    integer(port, low=0, high=PORT_MAX, message="ERR Invalid master port")
    raise CommandFailed("ERR replication is not supported by asudfd")


def failover(request: CommandRequest) -> object:
    """FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]."""
    words = list(request.arguments[1:])
    if [word.upper() for word in words] == [b"ABORT"]:
        raise CommandFailed("ERR No failover in progress.")
    while words:
        option = words.pop(0).upper()
        if option == b"TO" and len(words) > 1:
            integer(words[1])
            words = words[2:]
        elif option == b"TIMEOUT" and words:
            integer(words.pop(0))
        elif option != b"FORCE":
            raise CommandFailed(SYNTAX)
    raise CommandFailed("ERR FAILOVER requires connected replicas.")


def _version(text: bytes) -> None:
    if not re.fullmatch(rb"\d+\.\d+\.\d+", text):
        raise CommandFailed(b"ERR Unrecognized version format: %s" % text)


def _filter(text: bytes) -> None:
    for word in text.split():
        if word != b"functions":
            raise CommandFailed(b"ERR Unsupported rdb-filter-only option: %s" % word)


def _number(text: bytes) -> None:
    integer(text)


def _anything(_text: bytes) -> None:
    """A value that is not looked at."""


ACKNOWLEDGEMENTS = frozenset({b"ack", b"getack"})
"""Options that have no reply: they are for a link between servers."""

OPTIONS: dict[bytes, Callable[[bytes], None]] = {
    b"listening-port": _number,
    b"capa": _anything,
    b"ip-address": _anything,
    b"rdb-only": _number,
    b"rdb-filter-only": _filter,
    b"version": _version,
    b"rdb-channel": _number,
}


def replconf(request: CommandRequest) -> object:
    """REPLCONF option value...: what a client says of itself before SYNC."""
    words = request.arguments[1:]
    if len(words) % 2:
        raise CommandFailed(SYNTAX)
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option.lower() in ACKNOWLEDGEMENTS:
            return EncodedReply(b"")
        check = OPTIONS.get(option.lower())
        if check is None:
            raise CommandFailed(b"ERR Unrecognized REPLCONF option: %s" % option)
        check(value)
        if option.lower() == b"rdb-filter-only":
            request.client.wants_functions = value.split() == [b"functions"]
        elif option.lower() == b"rdb-only":
            request.client.wants_file = integer(value) != 0
    return OK


def sync(request: CommandRequest) -> object:
    """SYNC: the libraries and keys as an RDB file, and all changes from then on.

    After REPLCONF rdb-filter-only functions it is the libraries, after REPLCONF rdb-only 1 the file, and nothing follows.
    """
    state, client = request.state, request.client
    texts = state.libraries.texts.values()
    if client.wants_functions:
        file = rdb_file(texts)
    else:
        file = snapshot(state.engine, texts)
        if not client.wants_file:
            state.followers.add(client)
    return EncodedReply(b"$%d\r\n%b" % (len(file), file))


def migrate(request: CommandRequest) -> object:
    """MIGRATE host port key|"" ...: there is nothing to do for a key that is not there; else it is refused."""
    key = request.arguments[3]
    count = request.state.engine.run(request.state.now(), request.client.database, [b"EXISTS", key])
    if key and count == b":0\r\n":
        return Status(b"NOKEY")
    raise CommandFailed("ERR MIGRATE is not supported by asudfd")


HANDLERS = {
    "migrate": migrate,
    "role": role,
    "replicaof": replica_of,
    "slaveof": replica_of,
    "failover": failover,
    "replconf": replconf,
    "sync": sync,
}
