"""The filters of CLIENT LIST and CLIENT KILL: which clients are meant."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from asudfd.valkey.client_line import FLAGS, client_flags, client_type
from asudfd.valkey.commands.arguments import integer
from asudfd.valkey.commands.connection import DATABASES
from asudfd.valkey.reply import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.valkey.client import Client
    from asudfd.valkey.request import CommandRequest

    ClientTest = Callable[[Client], bool]

TYPES = ("normal", "master", "primary", "replica", "slave", "pubsub")
SYNTAX = "ERR syntax error"
CAPABILITIES = frozenset("r")


def address(client: Client) -> str:
    """Where the client has connected from."""
    return client.connection.address if client.connection else ""


def client_filter(request: CommandRequest, words: list[bytes], *, skip_me: bool = False) -> ClientTest:
    """Whether a client is meant: all filters hold, and of those of one kind the last one. Raises CommandFailed."""
    tests: dict[str, ClientTest] = {}
    ids: dict[str, set[int]] = {}
    words = list(words)
    while words:
        name = words.pop(0).decode("latin-1").lower()
        negated = name.startswith("not-") and not request.state.settings.is_old
        option = name.removeprefix("not-") if negated else name
        if not words:
            raise CommandFailed(SYNTAX)
        if option == "id":
            ids.setdefault(name, set()).update(_ids(words))
            continue
        value = words.pop(0)
        if name == "skipme":
            skip_me = _is_yes(value)
        elif option in _FILTERS and not (negated and option in _NOT_NEGATED):
            tests[name] = _FILTERS[option](request, name.upper(), value)
        else:
            raise CommandFailed(SYNTAX)
    tests |= {name: _id_test(wanted) for name, wanted in ids.items()}
    own = request.client if skip_me else None
    return lambda client: (
        client is not own and all(keeps(client) != name.startswith("not-") for name, keeps in tests.items())
    )


def _ids(words: list[bytes]) -> set[int]:
    """The ids at the start of ``words``, which are taken from it."""
    wanted = set()
    while words and words[0].lstrip(b"-").isdigit():
        number = integer(words.pop(0), message=SYNTAX)
        if number <= 0:
            raise CommandFailed("ERR client-id should be greater than 0")
        wanted.add(number)
    if not wanted:
        raise CommandFailed(SYNTAX)
    return wanted


def _id_test(wanted: set[int]) -> ClientTest:
    return lambda client: client.id in wanted


def _is_yes(word: bytes) -> bool:
    if word.lower() not in {b"yes", b"no"}:
        raise CommandFailed(SYNTAX)
    return word.lower() == b"yes"


def _type_test(_request: CommandRequest, _name: str, value: bytes) -> ClientTest:
    wanted = value.decode("latin-1").lower()
    if wanted not in TYPES:
        raise CommandFailed(b"ERR Unknown client type '%s'" % value)
    wanted = {"slave": "replica", "master": "primary"}.get(wanted, wanted)
    return lambda client: client_type(client) == wanted


def _user_test(request: CommandRequest, _name: str, value: bytes) -> ClientTest:
    user = request.state.users.get(value)
    if user is None:
        raise CommandFailed(b"ERR No such user '%s'" % value)
    return lambda client: client.user is user


def _seconds(name: str, value: bytes) -> int:
    option = name.lower()
    seconds = integer(value, message=f"ERR {option} is not an integer or out of range")
    if seconds <= 0:
        raise CommandFailed(f"ERR {option} should be greater than 0")
    return seconds


def _age_test(_request: CommandRequest, name: str, value: bytes) -> ClientTest:
    age = _seconds(name, value)
    return lambda client: time.time() - client.created >= age


def _idle_test(_request: CommandRequest, name: str, value: bytes) -> ClientTest:
    idle = _seconds(name, value)
    return lambda client: (
        client.connection is not None and time.monotonic() - client.connection.last_read >= idle
    )


def _database_test(_request: CommandRequest, name: str, value: bytes) -> ClientTest:
    number = integer(value, message=f"ERR {name} is not an integer or out of range")
    if not 0 <= number < DATABASES:
        raise CommandFailed(f"ERR {name} number should be between 0 and {DATABASES - 1}")
    return lambda client: client.database == number


def _letters(name: str, value: bytes, kind: str, known: frozenset[str]) -> frozenset[str]:
    letters = frozenset(value.decode("latin-1"))
    if letters - known:
        where = f"the {name} filter" if name.startswith("NOT-") else "the provided filter"
        raise CommandFailed(b"ERR Unknown %s found in %s: %s" % (kind.encode(), where.encode(), value))
    return letters


def _flags_test(_request: CommandRequest, name: str, value: bytes) -> ClientTest:
    letters = _letters(name, value, "flags", FLAGS)
    return lambda client: letters.issubset(client_flags(client))


def _capability_test(_request: CommandRequest, name: str, value: bytes) -> ClientTest:
    letters = _letters(name, value, "capa", CAPABILITIES)
    return lambda client: letters.issubset(client.capabilities)


def _text_test(
    read: Callable[[Client], bytes],
) -> Callable[[CommandRequest, str, bytes], ClientTest]:
    return lambda _request, _name, value: lambda client: read(client) == value


_FILTERS: dict[str, Callable[[CommandRequest, str, bytes], ClientTest]] = {
    "type": _type_test,
    "user": _user_test,
    "maxage": _age_test,
    "idle": _idle_test,
    "flags": _flags_test,
    "capa": _capability_test,
    "addr": _text_test(lambda client: address(client).encode()),
    "ip": _text_test(lambda client: address(client).rpartition(":")[0].strip("[]").encode()),
    "laddr": _text_test(
        lambda client: client.connection.local_address.encode() if client.connection else b""
    ),
    "name": _text_test(lambda client: client.name),
    "lib-name": _text_test(lambda client: client.lib_name),
    "lib-ver": _text_test(lambda client: client.lib_version),
    "db": _database_test,
}

_NOT_NEGATED = frozenset({"maxage", "idle"})
"""Filters that have no form with NOT."""
