"""``function run``: call a function of a library, on a keyspace that is made for the call or on the node that has the keys."""

from __future__ import annotations

import os

from asadm.fleet.desired.checked_libraries import checked
from asadm.outcome import FAILED, GOOD, CommandOutcome
from asadm.target.one_node import one_node
from asinfo.errors import UsageError, WireError
from asinfo.files import PIPE_SECONDS, FileError, read_file
from asinfo.terminal import interrupt
from asinfo.terminal.options import Option
from asinfo.text import text as shown

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import NodeAnswer
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
    help="End a function that runs for so long; with --live, wait so long for its reply.  [5]",
)
LIVE = Option("live", kind="flag", help="Call it on the cluster, at the node that has the keys.")
READ_ONLY = Option(
    "read-only", kind="flag", help="With --live: by FCALL_RO, which refuses a function that may write."
)
NODE = Option(
    "node", metavar="NODE", help="With --live: ask this node first, for servers that are no cluster."
)
OPTIONS = (KEYSPACE, AFTER, LIMIT, LIVE, READ_ONLY, NODE)

NOTES = """\
The library is checked as 'function lint' does, and the function called as FCALL does, in the Lua of asudfd and on all its
commands. KEYS follow the name of the function, and ARGV follow '--', whatever they look like. The reply is shown as valkey-cli
shows it; what the function logs goes to standard error. Nothing is kept.

A keyspace is an object of keys:

  {"name": "a string", "queue": ["a", "list"], "user:1": {"field": "of a hash"},
   "tags": {"set": ["a", "b"]}, "board": {"zset": {"ann": 1.5}}}

With --live the function is called on the cluster, at the node that has the keys; MOVED and ASK are followed. The node must have
the library as it is in the file. The library's name instead of a file means the version that is there. Since the function may
change data, 'enable' is needed, or --read-only.

Exit codes: 0 done, 1 the function answered an error (shown with file and line), or the node cannot run it, 2 usage, or something
is wrong with the library or the keyspace, 130 stopped by Ctrl-C.

Examples:
  asadm function run mylib.lua my_hset user:1 -- name Ann
  asadm function run mylib.lua my_hgetall user:1 --keyspace before.json --json
  asadm function run mylib.lua my_hset user:1 --after -- name Ann
  asadm --enable function run mylib.lua my_hset user:1 --live -- name Ann
  asadm function run mylib my_hgetall user:1 --live --read-only"""


class FunctionRunSettings:
    """Where a function is called: ``live`` on a cluster, ``read_only`` there, asking ``node`` first."""

    __slots__ = ("live", "node", "read_only", "seconds")

    def __init__(self, arguments: CommandArguments) -> None:
        options = arguments.options
        self.live = options.flag("live")
        self.read_only = options.flag("read-only")
        self.node = options.text("node")
        self.seconds = options.number("limit") or 0.0
        for name in ("read-only", "node"):
            if name in options.given and not self.live:
                raise UsageError(f"--{name}: is about a call on a cluster: give --live, too")
        for name in ("keyspace", "after"):
            if name in options.given and self.live:
                raise UsageError(f"--{name}: is about a call without a node: it does not go with --live")


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for options of the other kind of call."""
    arguments.prepared = FunctionRunSettings(arguments)


def changing(arguments: CommandArguments) -> bool:
    """Whether the call may change data of a cluster."""
    settings: FunctionRunSettings = arguments.prepared
    return settings.live and not settings.read_only


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Call it. Raises UsageError and ConfigError where nothing was called, and Error where the node cannot."""
    path = arguments.names[0]
    if os.path.isdir(path):  # noqa: PTH112 - a path as text throughout
        raise UsageError(f"{path}: is a directory: name the file of the library")
    settings: FunctionRunSettings = arguments.prepared
    return (_live if settings.live else _offline)(session, arguments)


def _words(arguments: CommandArguments) -> list[bytes]:
    """What follows the keys."""
    return [os.fsencode(word) for word in arguments.clauses.get("--", ())]


# ---- here


def _offline(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    from asadm.target.valkey.keyspace_json import SIZE_MAX, commands, snapshot

    path, function, *keys = arguments.names
    [source] = checked([path])
    before = arguments.options.text("keyspace")
    made: list[list[bytes]] = []
    if before:
        try:
            made = commands(read_file(before, SIZE_MAX, pipe_seconds=PIPE_SECONDS), before)
        except FileError as error:
            raise UsageError(str(error)) from None
    _check_function(function, source)
    from asadm.target.valkey.function_error import FunctionFailed
    from asadm.target.valkey.sandbox import OfflineCall  # last: it takes longest

    settings: FunctionRunSettings = arguments.prepared
    call = OfflineCall(source.text, settings.seconds, session.warn)
    for words in made:
        if failure := call.failure(words):
            raise UsageError(f"{before}: {words[1].decode()!r}: {failure}")
    words = [os.fsencode(word) for word in (function, *keys)]
    try:
        reply = call.call(words[0], words[1:], _words(arguments))
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


def _add_after(session: CommandSession, outcome: CommandOutcome, after: dict[str, object]) -> None:
    """The keyspace behind the reply."""
    outcome.extra["after"] = after
    if not session.json:
        import json

        assert isinstance(outcome.show, bytes)
        outcome.show += session.safe(json.dumps(after, indent=2, ensure_ascii=False).encode() + b"\n")


# ---- on a cluster


def _live(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    from asadm.target.valkey import function_call, scripts
    from asadm.target.valkey.function_error import function_failed

    settings: FunctionRunSettings = arguments.prepared
    path, *names = arguments.names
    function, *keys = map(os.fsencode, names)
    library, content = _library(path)
    call = function_call.FunctionCall(
        library, function, keys, _words(arguments), content=content, read_only=settings.read_only
    )
    target = session.cluster(arguments)
    cluster = scripts.valkey_cluster(one_node(target, "--node", settings.node) if settings.node else target)
    answer = function_call.perform(cluster, call, settings.seconds)
    said, answer.answers = answer.answer, []
    if answer.good:
        outcome = _reply(session, answer, said)
    elif answer.status == "error":
        failed = function_failed(said[1:].rstrip(b"\r\n"))
        outcome = _failed(path if content is not None else shown(library), failed.line, failed.reason)
    else:
        outcome = CommandOutcome([answer], messages=_hints(answer))
    outcome.answers, outcome.read = [answer], int(answer.good or answer.status == "error")
    if answer.good or answer.status == "error":
        outcome.silent = True
        outcome.messages.append(f"at {answer.node.name}, in {answer.milliseconds:.1f} ms")
    return outcome


def _library(word: str) -> tuple[bytes, bytes | None]:
    """Name and text of the library in a file; just the name for a word that is no file. Raises ConfigError and UsageError."""
    if not word.endswith(".lua") and not os.path.exists(word):  # noqa: PTH110 - a path as text throughout
        return os.fsencode(word), None
    [source] = checked([word])
    return source.name, source.text


def _reply(session: CommandSession, answer: NodeAnswer, said: bytes) -> CommandOutcome:
    from asadm.target.valkey.replies import value

    try:
        return _answered(session, value(said))
    except WireError as error:
        answer.status, answer.error = "protocol", str(error)
        return CommandOutcome([answer])


def _hints(answer: NodeAnswer) -> list[str]:
    """What to do where nobody knows whether the function runs."""
    if answer.status != "timeout-reply":
        return []
    return [
        f"it may run there still: 'asadm function stats' tells, and 'asadm function kill --node {answer.node.name}' ends it"
    ]


# ---- what it answers


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
