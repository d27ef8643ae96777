"""DEBUG: what tests of clients and of the server itself ask for; `enable-debug-command` says who may use it."""

from __future__ import annotations

import hashlib
import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.wire.resp_reply import BigNumber
from asudfd.valkey.commands.arguments import integer, wrong_use
from asudfd.valkey.reply import OK, CommandFailed, EncodedReply, ErrorReply, Push, Set, Status, Verbatim

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.valkey.request import CommandRequest

SLEEP_MAX = 60.0
"""Seconds that DEBUG SLEEP may take: nobody is served meanwhile."""

NO_KEY = "ERR no such key"
NOT_LOADED = "ERR Error trying to load the RDB dump, check server logs."


class DebugCommand(NamedTuple):
    """A subcommand, and how many arguments it takes."""

    run: Callable[[CommandRequest], object]
    fewest: int = 0
    most: int = 0


def debug(request: CommandRequest) -> object:
    """DEBUG subcommand [argument...]: those that harm nobody."""
    found = DEBUG_COMMANDS.get(request.arguments[1].decode("latin-1").lower())
    if found is None or not found.fewest <= len(request.arguments) - 2 <= found.most:
        raise wrong_use(request.arguments)
    return found.run(request)


def _reload(request: CommandRequest) -> object:
    """DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE]: what would come back from a file is what there is.

    Only the encodings change, since a value that is loaded has the one that a new value has.
    """
    words = {word.upper() for word in request.arguments[2:]}
    if words - {b"MERGE", b"NOFLUSH", b"NOSAVE"}:
        raise CommandFailed("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
    lua = request.state.engine.lua
    if b"NOSAVE" in words and not {b"MERGE", b"NOFLUSH"} <= words:
        raise CommandFailed(NOT_LOADED)  # there is no file of an earlier time
    is_empty = not list(lua[b"database_sizes"]().values()) and not request.state.libraries.texts
    if b"NOFLUSH" in words and b"MERGE" not in words and not is_empty:
        raise CommandFailed(NOT_LOADED)
    lua[b"state"][b"now"] = request.state.now()
    lua[b"reload"]()
    return OK


def _load_journal(request: CommandRequest) -> object:
    """DEBUG LOADAOF: what the journal has is what there is."""
    if request.state.journal is None:
        raise CommandFailed("ERR Error trying to load the AOF files, check server logs.")
    return OK


def _ask(request: CommandRequest, *arguments: bytes) -> bytes:
    """The reply to a command at the time 0, at which no key has expired."""
    return request.state.engine.run(0, request.client.database, arguments)


def _text(reply: bytes) -> bytes:
    """The content of a bulk string."""
    return reply.split(b"\r\n", 1)[1][:-2]


def _object(request: CommandRequest) -> object:
    """DEBUG OBJECT key: about the value, even if its time is over."""
    key = request.arguments[2]
    encoding = _ask(request, b"OBJECT", b"ENCODING", key)
    if encoding == b"$-1\r\n":
        raise CommandFailed(NO_KEY)
    size = len(_text(_ask(request, b"DUMP", key)))
    text = b"Value at:0x0 refcount:1 encoding:%s serializedlength:%d lru:%d lru_seconds_idle:0" % (
        _text(encoding),
        size,
        int(time.time()) & 0xFFFFFF,
    )
    if text.find(b"encoding:quicklist") > 0:
        most, depth = (
            int(request.state.settings.text(name))
            for name in ("list-max-listpack-size", "list-compress-depth")
        )
        text += b" ql_listpack_max:%d ql_compressed:%d" % (most, depth != 0)
    return Status(text)


def _digest_of(lua: Any, database: int, key: bytes) -> int:
    """A number that equal values of a key share, in whatever order they keep their elements."""
    parts = lua[b"content"](database, key)
    if parts is None:
        return 0
    total = 0
    for part in parts.values():
        total ^= int.from_bytes(hashlib.sha1(part, usedforsecurity=False).digest())
    return total


def _digest_values(request: CommandRequest) -> object:
    """DEBUG DIGEST-VALUE key...: a digest of each value."""
    lua, database = request.state.engine.lua, request.client.database
    return [Status(b"%040x" % _digest_of(lua, database, key)) for key in request.arguments[2:]]


def _digest(request: CommandRequest) -> object:
    """DEBUG DIGEST: a digest of all keys with their values."""
    lua, total = request.state.engine.lua, 0
    sizes = list(lua[b"database_sizes"]().values())
    for number in sizes[::3]:
        for key in lua[b"keys_of"](number).values():
            value = b"%d %d:%s %x" % (int(number), len(key), key, _digest_of(lua, int(number), key))
            total ^= int.from_bytes(hashlib.sha1(value, usedforsecurity=False).digest())
    return Status(b"%040x" % total)


def _allow_in_scripts(request: CommandRequest) -> object:
    """DEBUG SET-DISABLE-DENY-SCRIPTS 0|1: whether scripts may call the server's commands that are not for them."""
    request.state.engine.lua[b"state"][b"noscript_allowed"] = request.arguments[2] != b"0"
    return OK


def _set_active_expire(request: CommandRequest) -> object:
    """DEBUG SET-ACTIVE-EXPIRE 0|1: whether keys whose time is over go before they are asked for."""
    request.state.sweeps = request.arguments[2] != b"0"
    return OK


def _sleep(request: CommandRequest) -> object:
    """DEBUG SLEEP seconds."""
    try:
        seconds = float(request.arguments[2])
    except ValueError:
        seconds = 0.0
    if math.isfinite(seconds) and seconds > 0:
        time.sleep(min(seconds, SLEEP_MAX))
    return OK


def _nothing(_request: CommandRequest) -> object:
    """What is taken and changes nothing here."""
    return OK


def _error(request: CommandRequest) -> object:
    """DEBUG ERROR text."""
    return ErrorReply(request.arguments[2])


def _log(request: CommandRequest) -> object:
    """DEBUG LOG text."""
    request.state.warn(f"DEBUG LOG: {request.arguments[2][:1024].decode('utf-8', 'backslashreplace')}")
    return OK


def _match(request: CommandRequest) -> object:
    """DEBUG STRINGMATCH-LEN length pattern: matches a text of that length."""
    from asudfd.valkey.glob import glob

    length = integer(request.arguments[2], low=0, high=1 << 20)
    return int(bool(glob(request.arguments[3]).fullmatch(b"a" * length)))


def _protocol(request: CommandRequest) -> object:
    """DEBUG PROTOCOL type: a reply of that type."""
    kind = request.arguments[2].decode("latin-1").lower()
    if kind == "push" and request.client.resp == 2:
        raise CommandFailed("ERR RESP2 is not supported by this command")
    if kind not in SAMPLES:
        raise CommandFailed(
            "ERR Wrong protocol type name. Please use one of the following: "
            "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
        )
    if request.client.resp == 3 and kind in SAMPLES_3:
        return EncodedReply(SAMPLES_3[kind])
    return SAMPLES[kind]


SAMPLES: dict[str, object] = {
    "string": b"Hello World",
    "integer": 12345,
    "double": 3.141,
    "null": None,
    "array": [0, 1, 2],
    "set": Set([0, 1, 2]),
    "map": {0: False, 1: True, 2: False},
    "push": Push([b"server-cpu-usage", 42]),
    "verbatim": Verbatim(b"txt", b"This is a verbatim\nstring"),
    "true": True,
    "false": False,
    "attrib": b"Some real reply following the attribute",
    "bignum": BigNumber(b"1234567999999999999999999999999999999"),
}

SAMPLES_3 = {
    "attrib": b"|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"
    b"$39\r\nSome real reply following the attribute\r\n",
}
"""Those that RESP3 has a form of its own for."""

DEBUG_COMMANDS = {
    "sleep": DebugCommand(_sleep, 1, 1),
    "set-active-expire": DebugCommand(_set_active_expire, 1, 1),
    "set-disable-deny-scripts": DebugCommand(_allow_in_scripts, 1, 1),
    "reload": DebugCommand(_reload, 0, 3),
    "loadaof": DebugCommand(_load_journal),
    "object": DebugCommand(_object, 1, 2),
    "digest": DebugCommand(_digest),
    "digest-value": DebugCommand(_digest_values, 0, 1 << 20),
    "jmap": DebugCommand(_nothing),
    "error": DebugCommand(_error, 1, 1),
    "log": DebugCommand(_log, 1, 1),
    "stringmatch-len": DebugCommand(_match, 2, 2),
    "protocol": DebugCommand(_protocol, 1, 1),
    "change-repl-id": DebugCommand(_nothing),
    "quicklist-packed-threshold": DebugCommand(_nothing, 1, 1),
    "replicate": DebugCommand(_nothing, 2, 2),
    "dict-resizing": DebugCommand(_nothing, 1, 1),
    "pause-cron": DebugCommand(_nothing, 1, 1),
    "replybuffer": DebugCommand(_nothing, 2, 2),
    "client-enforce-reply-list": DebugCommand(_nothing, 1, 1),
}

HANDLERS = {"debug": debug}
