"""CLIENT: the connections of clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.client_line import client_line
from asudfd.valkey.commands.arguments import NOT_INTEGER, integer, is_plain_name, on_or_off
from asudfd.valkey.commands.client_filter import address, client_filter
from asudfd.valkey.commands.connection import NAMES
from asudfd.valkey.reply import OK, CommandFailed, Verbatim

if TYPE_CHECKING:
    from asudfd.valkey.client import Client
    from asudfd.valkey.request import CommandRequest

NO_CLIENT = "ERR No such client"
SYNTAX = "ERR syntax error"
PAUSE_MAX = 1 << 53


def id_(request: CommandRequest) -> object:
    """CLIENT ID."""
    return request.client.id


def get_name(request: CommandRequest) -> object:
    """CLIENT GETNAME."""
    return request.client.name or None


def set_name(request: CommandRequest) -> object:
    """CLIENT SETNAME name."""
    if not is_plain_name(request.arguments[2]):
        raise CommandFailed(NAMES)
    request.client.name = request.arguments[2]
    return OK


def set_info(request: CommandRequest) -> object:
    """CLIENT SETINFO LIB-NAME|LIB-VER text."""
    option, text = request.arguments[2:]
    word = option.upper()
    if word not in {b"LIB-NAME", b"LIB-VER"}:
        raise CommandFailed(b"ERR Unrecognized option '%s'" % option)
    if not is_plain_name(text):
        raise CommandFailed(b"ERR %s cannot contain spaces, newlines or special characters." % word)
    if word == b"LIB-NAME":
        request.client.lib_name = text
    else:
        request.client.lib_version = text
    return OK


def info(request: CommandRequest) -> object:
    """CLIENT INFO."""
    return Verbatim(b"txt", client_line(request.client) + b"\n")


def list_(request: CommandRequest) -> object:
    """CLIENT LIST [filters]."""
    keep = client_filter(request, request.arguments[2:])
    lines = [client_line(each) + b"\n" for each in request.state.clients.values() if keep(each)]
    return Verbatim(b"txt", b"".join(lines))


def kill(request: CommandRequest) -> object:
    """CLIENT KILL address, or filters."""
    words = request.arguments[2:]
    if len(words) == 1:
        wanted = words[0].decode("latin-1")
        found = [each for each in request.state.clients.values() if address(each) == wanted]
        if not found:
            raise CommandFailed(NO_CLIENT)
        _end(request, found)
        return OK
    keep = client_filter(request, words, skip_me=True)
    found = [each for each in request.state.clients.values() if keep(each)]
    _end(request, found)
    return len(found)


def _end(request: CommandRequest, clients: list[Client]) -> None:
    for client in clients:
        if client is request.client:
            client.closing = True
        elif client.connection is not None:
            client.connection.cut()


def no_evict(request: CommandRequest) -> object:
    """CLIENT NO-EVICT ON|OFF."""
    request.client.no_evict = on_or_off(request.arguments[2])
    return OK


def no_touch(request: CommandRequest) -> object:
    """CLIENT NO-TOUCH ON|OFF."""
    request.client.no_touch = on_or_off(request.arguments[2])
    return OK


def reply(request: CommandRequest) -> object:
    """CLIENT REPLY ON|OFF|SKIP."""
    client, word = request.client, request.arguments[2].upper()
    if word == b"ON":
        client.silent, client.skips = False, 0
    elif word == b"OFF":
        client.silent = True
    elif word == b"SKIP":
        if not client.silent:
            client.skips = 2
    else:
        raise CommandFailed(SYNTAX)
    client.settle()
    return OK


def pause(request: CommandRequest) -> object:
    """CLIENT PAUSE milliseconds [WRITE|ALL]."""
    words = request.arguments[2:]
    mode = words[1].lower().decode("latin-1") if len(words) > 1 else "all"
    if len(words) > 2 or mode not in {"write", "all"}:
        raise CommandFailed("ERR CLIENT PAUSE mode must be WRITE or ALL")
    milliseconds = integer(words[0], message="ERR timeout is not an integer or out of range")
    if milliseconds < 0:
        raise CommandFailed("ERR timeout is negative")
    if milliseconds > PAUSE_MAX:
        raise CommandFailed("ERR timeout is out of range")
    request.state.pause.begin(milliseconds, mode)
    return OK


def unpause(request: CommandRequest) -> object:
    """CLIENT UNPAUSE."""
    request.state.pause.end()
    return OK


def unblock(request: CommandRequest) -> object:
    """CLIENT UNBLOCK id [TIMEOUT|ERROR]."""
    words = request.arguments[2:]
    reason = words[1].upper() if len(words) > 1 else b"TIMEOUT"
    if len(words) > 2 or reason not in {b"TIMEOUT", b"ERROR"}:
        raise CommandFailed("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    client = request.state.clients.get(integer(words[0], message=NOT_INTEGER))
    if client is None or client.waiting is None:
        return 0
    return int(request.state.blocked.unblock(client, is_error=reason == b"ERROR"))


def capa(request: CommandRequest) -> object:
    """CLIENT CAPA capability...: it is shown, and changes nothing here."""
    for word in request.arguments[2:]:
        if word.lower() == b"redirect":
            request.client.capabilities = "r"
    return OK


def import_source(request: CommandRequest) -> object:
    """CLIENT IMPORT-SOURCE ON|OFF: in import mode this client sees keys whose time is over."""
    imports = on_or_off(request.arguments[2])
    if imports and request.state.settings.text("import-mode") == "no":
        raise CommandFailed("ERR Server is not in import mode")
    request.client.imports = imports
    request.client.settle()
    return OK


HANDLERS = {
    "client|id": id_,
    "client|getname": get_name,
    "client|setname": set_name,
    "client|setinfo": set_info,
    "client|info": info,
    "client|list": list_,
    "client|kill": kill,
    "client|no-evict": no_evict,
    "client|no-touch": no_touch,
    "client|reply": reply,
    "client|pause": pause,
    "client|unpause": unpause,
    "client|unblock": unblock,
    "client|capa": capa,
    "client|import-source": import_source,
}
