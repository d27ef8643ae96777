"""FUNCTION and SCRIPT, as far as they are not about calls."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from asinfo.errors import WireError
from asinfo.wire.functions import dump, restored
from asinfo.wire.rdb import VERSIONS_8_1, VERSIONS_9_1
from asudfd.valkey.later import answered_later
from asudfd.valkey.reply import OK, CommandFailed, EncodedReply, Status

if TYPE_CHECKING:
    from asudfd.valkey.request import CommandRequest

HELP = (
    "FUNCTION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "DELETE <LIBRARYNAME>",
    "    Delete a library and the functions in it.",
    "DUMP",
    "    Return all libraries as one binary payload for FUNCTION RESTORE.",
    "FLUSH [ASYNC|SYNC]",
    "    Delete all libraries.",
    "KILL",
    "    End the function that is running, unless it has written.",
    "LIST [LIBRARYNAME <pattern>] [WITHCODE]",
    "    List libraries and their functions.",
    "LOAD [REPLACE] <library code>",
    "    Load a library.",
    "RESTORE <payload> [FLUSH|APPEND|REPLACE]",
    "    Load the libraries of a payload; APPEND is the default.",
    "STATS",
    "    Tell what runs, and how many libraries and functions there are.",
    "HELP",
    "    Print this help.",
)


def load(request: CommandRequest) -> object:
    """FUNCTION LOAD [REPLACE] code."""
    *options, code = request.arguments[2:]
    for option in options:
        if option.lower() != b"replace":
            raise CommandFailed(b"ERR Unknown option given: %s" % option)
    libraries = request.state.libraries
    return answered_later(request, lambda ended: libraries.load(code, replace=bool(options), ended=ended))


def delete(request: CommandRequest) -> object:
    """FUNCTION DELETE library."""
    return answered_later(request, partial(request.state.libraries.delete, request.arguments[2]))


def flush(request: CommandRequest) -> object:
    """FUNCTION FLUSH [ASYNC|SYNC]."""
    options = request.arguments[2:]
    if len(options) > 1:
        raise _wrong_use(request)
    if options and options[0].lower() not in {b"sync", b"async"}:
        raise CommandFailed("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
    return answered_later(request, request.state.libraries.flush)


def list_(request: CommandRequest) -> object:
    """FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]."""
    options = list(request.arguments[2:])
    pattern, with_code = None, False
    while options:
        option = options.pop(0)
        if option.lower() == b"withcode" and not with_code:
            with_code = True
        elif option.lower() == b"libraryname" and pattern is None:
            if not options:
                raise CommandFailed("ERR library name argument was not given")
            pattern = options.pop(0)
        else:
            raise CommandFailed(b"ERR Unknown argument %s" % option)
    return EncodedReply(
        request.state.engine.list_libraries(pattern, request.client.resp, with_code=with_code)
    )


def stats(request: CommandRequest) -> object:
    """FUNCTION STATS."""
    state = request.state
    running, call = None, state.running.call
    if call and call.kind == "script":
        raise CommandFailed(state.busy_text())
    if call:
        words = list(state.engine.values_of(call.command))
        running = {b"name": call.name, b"command": words, b"duration_ms": call.milliseconds}
    libraries, functions = state.engine.lua[b"library_counts"]()
    waiting = state.libraries.waiting
    return {
        b"running_script": running,
        b"engines": {b"LUA": {b"libraries_count": int(libraries), b"functions_count": int(functions)}},
        **({b"waiting_changes": waiting} if waiting else {}),  # real servers have none
    }


def kill(request: CommandRequest) -> object:
    """FUNCTION KILL."""
    request.state.running.kill("function")
    return OK


def kill_script(request: CommandRequest) -> object:
    """SCRIPT KILL."""
    request.state.running.kill("script")
    return OK


def dump_(request: CommandRequest) -> object:
    """FUNCTION DUMP."""
    return dump(request.state.libraries.texts.values(), compressed=True)


def restore(request: CommandRequest) -> object:
    """FUNCTION RESTORE payload [FLUSH|APPEND|REPLACE]."""
    payload, *options = request.arguments[2:]
    if len(options) > 1:
        raise _wrong_use(request)
    policy = options[0].lower().decode("latin-1") if options else "append"
    if policy not in {"flush", "append", "replace"}:
        raise CommandFailed(
            "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."
        )
    versions = VERSIONS_8_1 if request.state.settings.is_old else VERSIONS_9_1
    try:
        codes = restored(payload, versions)  # it is read on the way
        return answered_later(request, partial(request.state.libraries.restore, codes, policy))
    except WireError as error:
        raise CommandFailed(f"ERR {error}") from None


def help_(_request: CommandRequest) -> object:
    """FUNCTION HELP."""
    return [Status(line.encode()) for line in HELP]


def debug_script(request: CommandRequest) -> object:
    """SCRIPT DEBUG YES|SYNC|NO: the debugger is not offered."""
    if request.arguments[2].lower() not in {b"yes", b"sync", b"no"}:
        raise CommandFailed("ERR Use SCRIPT DEBUG YES/SYNC/NO")
    if request.arguments[2].lower() != b"no":
        raise CommandFailed("ERR the debugger of scripts is not supported by asudfd")
    return OK


def _wrong_use(request: CommandRequest) -> CommandFailed:
    return CommandFailed(
        b"ERR unknown subcommand or wrong number of arguments for '%s'. Try FUNCTION HELP."
        % request.arguments[1]
    )


HANDLERS = {
    "function|load": load,
    "function|delete": delete,
    "function|flush": flush,
    "function|list": list_,
    "function|stats": stats,
    "function|kill": kill,
    "function|dump": dump_,
    "function|restore": restore,
    "function|help": help_,
    "script|kill": kill_script,
    "script|debug": debug_script,
}
