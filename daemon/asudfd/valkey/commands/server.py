"""Commands about the server as a whole: SAVE and its kin, SHUTDOWN, DEBUG."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from asinfo.wire.resp_reply import BigNumber
from asudfd.valkey.commands.arguments import integer, wrong_use
from asudfd.valkey.reply import OK, CommandFailed, EncodedReply, ErrorReply, Push, Set, Status, Verbatim

if TYPE_CHECKING:
    from asudfd.valkey.request import CommandRequest

SYNTAX = "ERR syntax error"
NO_SAVE = "ERR asudfd writes no RDB files: `storage file` in its configuration keeps the data"
SHUTDOWN_WORDS = frozenset({b"NOSAVE", b"SAVE", b"NOW", b"FORCE", b"ABORT", b"FAILOVER", b"SAFE"})
SLEEP_MAX = 60.0
"""Seconds that DEBUG SLEEP may take: nobody is served meanwhile."""


def last_save(request: CommandRequest) -> object:
    """LASTSAVE: the time since which the data is what it is on the disk; that is, of the start."""
    return int(request.state.started)


def save(request: CommandRequest) -> object:
    """SAVE: with a journal, everything is on the disk already."""
    if request.state.engine.lua[b"state"][b"journal"]:
        return OK
    raise CommandFailed(NO_SAVE)


def background_save(request: CommandRequest) -> object:
    """BGSAVE [SCHEDULE|CANCEL]."""
    words = [word.upper() for word in request.arguments[1:]]
    if words == [b"CANCEL"]:
        raise CommandFailed("ERR Background saving is currently not in progress or scheduled")
    if words not in ([], [b"SCHEDULE"]):
        raise CommandFailed(SYNTAX)
    save(request)
    return Status(b"Background saving started")


def rewrite_journal(_request: CommandRequest) -> object:
    """BGREWRITEAOF: the journal is compacted without being asked."""
    return Status(b"Background append only file rewriting started")


def shutdown(request: CommandRequest) -> object:
    """SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]: the process ends, and with it a function that runs; there is no reply."""
    words = {word.upper() for word in request.arguments[1:]}
    if words - SHUTDOWN_WORDS or {b"SAVE", b"NOSAVE"} <= words or (b"ABORT" in words and len(words) > 1):
        raise CommandFailed(SYNTAX)
    if b"ABORT" in words:
        raise CommandFailed("ERR No shutdown in progress.")
    if request.state.busy and b"NOSAVE" not in words:
        raise CommandFailed(request.state.busy_text())
    if request.state.shutdown is None:
        raise CommandFailed("ERR Errors trying to SHUTDOWN. Check logs.")
    request.state.shutdown()
    if request.state.busy:
        request.state.running.end()
    request.client.closing = True
    return EncodedReply(b"")


def debug(request: CommandRequest) -> object:
    """DEBUG subcommand [argument...]: those that harm nobody."""
    name = request.arguments[1].decode("latin-1").lower()
    found = DEBUG_COMMANDS.get(name)
    if found is None:
        raise wrong_use(request.arguments)
    handler, count = found
    if len(request.arguments) - 2 != count:
        raise wrong_use(request.arguments)
    return handler(request)


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
    "sleep": (_sleep, 1),
    "set-active-expire": (_nothing, 1),
    "set-disable-deny-scripts": (_nothing, 1),
    "jmap": (_nothing, 0),
    "error": (_error, 1),
    "log": (_log, 1),
    "stringmatch-len": (_match, 2),
    "protocol": (_protocol, 1),
    "change-repl-id": (_nothing, 0),
    "quicklist-packed-threshold": (_nothing, 1),
    "replicate": (_nothing, 2),
    "dict-resizing": (_nothing, 1),
}


HANDLERS = {
    "lastsave": last_save,
    "save": save,
    "bgsave": background_save,
    "bgrewriteaof": rewrite_journal,
    "shutdown": shutdown,
    "debug": debug,
}
