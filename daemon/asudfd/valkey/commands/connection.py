"""Commands about the client's own connection: HELLO, AUTH, SELECT, RESET, QUIT, and PING of a subscriber."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.acl.check import AclLogEntry
from asudfd.valkey.client_line import client_line
from asudfd.valkey.commands.arguments import integer, is_plain_name, small_integer
from asudfd.valkey.reply import OK, CommandFailed, Status
from asudfd.valkey.version import full_version, modules

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.request import CommandRequest
    from asudfd.valkey.state import ServerState

DATABASES = 16
NAMES = "ERR Client names cannot contain spaces, newlines or special characters."
WRONGPASS = "WRONGPASS invalid username-password pair or user is disabled."
NOTHING_TO_CHECK = (
    "ERR AUTH <password> called without any password configured for the default user. "
    "Are you sure your configuration is correct?"
)
LOG_IN_FIRST = (
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option "
    "can be used to authenticate the client and select the RESP protocol version at the same time"
)


def hello(request: CommandRequest) -> object:
    """HELLO [protover [AUTH username password] [SETNAME name]]."""
    state, client, words = request.state, request.client, list(request.arguments[1:])
    version = 0
    if words:
        message = "ERR Protocol version is not an integer or out of range"
        version = integer(words.pop(0), message=message)
        if version not in {2, 3}:
            raise CommandFailed("NOPROTO unsupported protocol version")
    login: tuple[bytes, bytes] | None = None
    name: bytes | None = None
    while words:
        option = words.pop(0)
        if option.upper() == b"AUTH" and len(words) > 1:
            login = words.pop(0), words.pop(0)
        elif option.upper() == b"SETNAME" and words:
            name = words.pop(0)
            if not is_plain_name(name):
                raise CommandFailed(NAMES)
        else:
            raise CommandFailed(b"ERR Syntax error in HELLO option '%s'" % option)
    if login:
        _log_in(state, client, *login)
    if not client.authenticated:
        raise CommandFailed(LOG_IN_FIRST)
    if name is not None:
        client.name = name
    client.resp = version or client.resp
    client.settle()
    return {
        b"server": b"valkey",
        b"version": full_version(state.settings),
        b"proto": client.resp,
        b"id": client.id,
        b"mode": b"cluster" if state.cluster else b"standalone",
        b"role": b"master",
        b"modules": modules(state.settings),
    }


def auth(request: CommandRequest) -> object:
    """AUTH [username] password."""
    if len(request.arguments) > 3:
        raise CommandFailed("ERR syntax error")
    if len(request.arguments) == 2 and request.state.users.default.nopass:
        raise CommandFailed(NOTHING_TO_CHECK)
    name = request.arguments[1] if len(request.arguments) == 3 else b"default"
    _log_in(request.state, request.client, name, request.arguments[-1])
    return OK


def _log_in(state: ServerState, client: Client, name: bytes, password: bytes) -> None:
    user = state.users.authenticated(name, password)
    if user is None:
        most = int(state.settings.text("acllog-max-len"))
        context = "multi" if client.executing else "toplevel"
        entry = AclLogEntry("auth", context, client.command.upper(), name, client_line(client))
        state.users.log.add(entry, most)
        raise CommandFailed(WRONGPASS)
    client.log_in(user)


def reset(request: CommandRequest) -> object:
    """RESET."""
    state, client = request.state, request.client
    state.pubsub.leave(client)
    state.end_monitor(client)
    state.engine.lua[b"unwatch"](client.id)
    client.reset(state.users.default)
    return Status(b"RESET")


def quit_(request: CommandRequest) -> object:
    """QUIT."""
    request.client.closing = True
    return OK


def select(request: CommandRequest) -> object:
    """SELECT index."""
    index = small_integer(request.arguments[1])
    if request.state.cluster and index and request.state.settings.is_old:
        raise CommandFailed("ERR SELECT is not allowed in cluster mode")
    if not 0 <= index < (1 if request.state.cluster else DATABASES):
        raise CommandFailed("ERR DB index is out of range")
    request.client.database = index
    return OK


def ping(request: CommandRequest) -> object:
    """PING [message]."""
    client, words = request.client, request.arguments[1:]
    if len(words) > 1:
        raise CommandFailed("ERR wrong number of arguments for 'ping' command")
    if client.is_subscriber and client.resp == 2:
        return [b"pong", words[0] if words else b""]
    return words[0] if words else Status(b"PONG")


HANDLERS = {
    "hello": hello,
    "auth": auth,
    "reset": reset,
    "quit": quit_,
    "select": select,
    "ping": ping,
}
