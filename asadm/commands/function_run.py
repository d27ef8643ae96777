"""``function run``: call a function of a library in a file, on a keyspace that is made for the call."""

from __future__ import annotations

import os

from asadm.fleet.desired.checked_libraries import checked
from asadm.outcome import FAILED, GOOD, CommandOutcome
from asinfo.errors import UsageError
from asinfo.files import PIPE_SECONDS, FileError, read_file
from asinfo.terminal import interrupt
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asadm.target.valkey.function_library import LibrarySource

KEYSPACE = Option(
    "keyspace",
    metavar="FILE",
    help="Begin with the keys of this JSON file, instead of none; see below.",
)
AFTER = Option(
    "after", kind="flag", help="Show the keys as they are after the call, as JSON in the form of --keyspace."
)
LIMIT = Option(
    "limit",
    kind="seconds",
    default=5.0,
    metavar="SECONDS",
    help="End a function that runs for so long.  [5]",
)
OPTIONS = (KEYSPACE, AFTER, LIMIT)

NOTES = """\
The library is checked as 'function lint' does, and the function called as FCALL does, in the Lua of asudfd and on all its
commands. KEYS follow the name of the function, and ARGV follow '--', whatever they look like. The reply is shown as valkey-cli
shows it; what the function logs goes to standard error. Nothing is kept.

A keyspace is an object of keys:

  {"name": "a string", "queue": ["a", "list"], "user:1": {"field": "of a hash"},
   "tags": {"set": ["a", "b"]}, "board": {"zset": {"ann": 1.5}}}

Exit codes: 0 done, 1 the function answered an error (shown with file and line), 2 usage, or something is wrong with the
library or the keyspace, 130 stopped by Ctrl-C.

Examples:
  asadm function run mylib.lua my_hset user:1 -- name Ann
  asadm function run mylib.lua my_hgetall user:1 --keyspace before.json --json
  asadm function run mylib.lua my_hset user:1 --after -- name Ann"""


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Call it here. Raises UsageError and ConfigError where nothing was called."""
    from asadm.target.valkey.keyspace_json import SIZE_MAX, commands, snapshot

    path, function, *keys = arguments.names
    if os.path.isdir(path):  # noqa: PTH112 - a path as text throughout
        raise UsageError(f"{path}: is a directory: name the file of the library")
    [source] = checked([path])
    before = arguments.options.text("keyspace")
    made: list[list[bytes]] = []
    if before:
        try:
            made = commands(read_file(before, SIZE_MAX, pipe_seconds=PIPE_SECONDS), before)
        except FileError as error:
            raise UsageError(str(error)) from None
    _check_function(function, source)
    from asadm.target.valkey.sandbox import FunctionFailed, OfflineCall  # last: it takes longest

    call = OfflineCall(source.text, arguments.options.number("limit") or 0.0, session.warn)
    for words in made:
        if failure := call.failure(words):
            raise UsageError(f"{before}: {words[1].decode()!r}: {failure}")
    words = [os.fsencode(word) for word in (function, *keys)]
    try:
        reply = call.call(
            words[0], words[1:], [os.fsencode(each) for each in arguments.clauses.get("--", ())]
        )
    except FunctionFailed as failed:
        interrupt.check()
        outcome = _failed(path, failed.line, failed.reason)
    else:
        outcome = _answered(session, reply)
    if arguments.options.flag("after"):
        _add_after(session, outcome, snapshot(call.command))
    return outcome


def _check_function(function: str, library: LibrarySource) -> None:
    """Raises UsageError where the library has no function of that name, whatever the case of its letters."""
    from asadm.target.valkey.verdicts import Verdicts

    with Verdicts() as verdicts:
        known = [name.decode() for name in verdicts.of(library.name, library.text).functions]
    if function.lower() not in {name.lower() for name in known}:
        raise UsageError(f"{library.path} has no function {function!r}: it has {', '.join(known)}")


def _answered(session: CommandSession, reply: object) -> CommandOutcome:
    from asadm.target.valkey.reply_text import as_json, lines

    if session.json:
        return CommandOutcome(code=GOOD, extra={"reply": as_json(reply)})
    return CommandOutcome(
        show=session.safe("".join(f"{line}\n" for line in lines(reply)).encode()), code=GOOD
    )


def _failed(path: str, line: int, reason: str) -> CommandOutcome:
    place = f"{path}:{line}" if line else path
    error = {"path": path, "line": line or None, "message": reason}
    return CommandOutcome(messages=[f"{place}: {reason}"], code=FAILED, extra={"error": error})


def _add_after(session: CommandSession, outcome: CommandOutcome, after: dict[str, object]) -> None:
    """The keyspace behind the reply."""
    outcome.extra["after"] = after
    if not session.json:
        import json

        assert isinstance(outcome.show, bytes)
        outcome.show += session.safe(json.dumps(after, indent=2, ensure_ascii=False).encode() + b"\n")
