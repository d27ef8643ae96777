"""CLIENT: the connections of clients."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from asudfd.valkey.client_line import client_line, client_type
from asudfd.valkey.commands.arguments import NOT_INTEGER, integer, is_plain_name, on_or_off
from asudfd.valkey.commands.connection import NAMES
from asudfd.valkey.reply import OK, CommandFailed, Verbatim

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.valkey.client import Client
    from asudfd.valkey.request import CommandRequest

TYPES = ("normal", "master", "primary", "replica", "slave", "pubsub")
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
        request.client.library_name = text
    else:
        request.client.library_version = text
    return OK


def info(request: CommandRequest) -> object:
    """CLIENT INFO."""
    return Verbatim(b"txt", client_line(request.client) + b"\n")


def list_(request: CommandRequest) -> object:
    """CLIENT LIST [filters]."""
    keep = _filter(request, request.arguments[2:])
    lines = [client_line(each) + b"\n" for each in request.state.clients.values() if keep(each)]
    return Verbatim(b"txt", b"".join(lines))


def kill(request: CommandRequest) -> object:
    """CLIENT KILL address, or filters."""
    words = request.arguments[2:]
    if len(words) == 1:
        address = words[0].decode("latin-1")
        found = [each for each in request.state.clients.values() if _address(each) == address]
        if not found:
            raise CommandFailed(NO_CLIENT)
        _end(request, found)
        return OK
    keep = _filter(request, words, skip_me=True)
    found = [each for each in request.state.clients.values() if keep(each)]
    _end(request, found)
    return len(found)


def _end(request: CommandRequest, clients: list[Client]) -> None:
    for client in clients:
        if client is request.client:
            client.closing = True
        elif client.connection is not None:
            client.connection.cut()


def _address(client: Client) -> str:
    return client.connection.address if client.connection else ""


class _Test(NamedTuple):
    """A filter: which clients it keeps, and whether it is turned round."""

    keeps: Callable[[Client], bool]
    negated: bool


def _filter(
    request: CommandRequest, words: list[bytes], *, skip_me: bool = False
) -> Callable[[Client], bool]:
    """Which clients are meant by the filters. Raises CommandFailed."""
    tests: list[_Test] = []
    words = list(words)
    while words:
        option = words.pop(0).decode("latin-1").lower()
        negated = option.startswith("not-") and not request.state.settings.is_old
        option = option.removeprefix("not-") if negated else option
        if not words:
            raise CommandFailed(SYNTAX)
        if option == "id":
            tests.append(_Test(_id_test(words), negated))
            continue
        value = words.pop(0)
        if option == "skipme":
            skip_me = _is_yes(value)
        elif option in _FILTERS:
            tests.append(_Test(_FILTERS[option](request, value), negated))
        else:
            raise CommandFailed(SYNTAX)
    own = request.client if skip_me else None
    return lambda client: client is not own and all(test.keeps(client) != test.negated for test in tests)


def _id_test(words: list[bytes]) -> Callable[[Client], bool]:
    """The ids at the start of ``words``, which are taken from it."""
    wanted = set()
    while words and words[0].lstrip(b"-").isdigit():
        number = integer(words.pop(0), message=SYNTAX)
        if number <= 0:
            raise CommandFailed("ERR client-id should be greater than 0")
        wanted.add(number)
    if not wanted:
        raise CommandFailed(SYNTAX)
    return lambda client: client.id in wanted


def _is_yes(word: bytes) -> bool:
    if word.lower() not in {b"yes", b"no"}:
        raise CommandFailed(SYNTAX)
    return word.lower() == b"yes"


def _type_test(_request: CommandRequest, value: bytes) -> Callable[[Client], bool]:
    name = value.decode("latin-1").lower()
    if name not in TYPES:
        raise CommandFailed(b"ERR Unknown client type '%s'" % value)
    return lambda client: client_type(client) == name


def _user_test(request: CommandRequest, value: bytes) -> Callable[[Client], bool]:
    user = request.state.users.get(value)
    if user is None:
        raise CommandFailed(b"ERR No such user '%s'" % value)
    return lambda client: client.user is user


def _age_test(_request: CommandRequest, value: bytes) -> Callable[[Client], bool]:
    age = integer(value, message="ERR maxage is not an integer or out of range")
    if age <= 0:
        raise CommandFailed("ERR maxage is not an integer or out of range")
    return lambda client: time.time() - client.created >= age


def _text_test(
    read: Callable[[Client], bytes],
) -> Callable[[CommandRequest, bytes], Callable[[Client], bool]]:
    return lambda _request, value: lambda client: read(client) == value


_FILTERS = {
    "type": _type_test,
    "user": _user_test,
    "maxage": _age_test,
    "addr": _text_test(lambda client: _address(client).encode()),
    "laddr": _text_test(
        lambda client: client.connection.local_address.encode() if client.connection else b""
    ),
    "name": _text_test(lambda client: client.name),
    "lib-name": _text_test(lambda client: client.library_name),
    "lib-ver": _text_test(lambda client: client.library_version),
    "db": _text_test(lambda client: b"%d" % client.database),
}


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


def capa(_request: CommandRequest) -> object:
    """CLIENT CAPA capability...: none of them changes anything here."""
    return OK


def import_source(_request: CommandRequest) -> object:
    """CLIENT IMPORT-SOURCE ON|OFF."""
    raise CommandFailed("ERR Server is not in import mode")


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
