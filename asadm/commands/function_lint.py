"""``function lint``: check function libraries in files, without any node."""

from __future__ import annotations

from asadm.fleet.desired.checked_libraries import FOR, examined, servers_of
from asadm.fleet.observed.grouping import count
from asadm.outcome import GOOD, WRONG, CommandOutcome
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asinfo.errors import Problem

OPTIONS = (FOR,)

NOTES = """\
The *.lua files of a directory whose first line is #!lua name=NAME are libraries of that name; those that functions.yaml excludes are
not looked at, as by 'function plan'. A *.lua file with another first line is named and no fault. Every library is loaded here,
in a sandbox, as a server would load it; no server is asked. All that is wrong is told, each with its file and line:

  the first line, the syntax, what fails while the text is loaded, no function registered
  a text that runs for more than 500 ms, or takes more than 64 MiB, when it is loaded
  a library or a function that is there twice, also in two files
  names that differ only in case: real servers abort later
  server.log at load, which ends Valkey 9.1; getfenv, setfenv and newproxy, which are gone since Valkey 8.1
  server. where --for names a Redis, which has only redis.

Exit codes: 0 all is well, 2 something is wrong, 130 stopped by Ctrl-C.

Examples:
  asadm function lint config/functions
  asadm function lint config/functions --for valkey-8.1,valkey-9.1,redis-7.0
  asadm function lint one.lua two.lua --json"""


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for a server that there is not."""
    arguments.prepared = servers_of(arguments.options)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Check them, and tell all that is wrong."""
    files = examined(arguments.names, arguments.prepared)
    extra: dict[str, object] = {
        "libraries": [{"name": text(source.name), "path": source.path} for source in files.sources],
        "problems": [_as_json(problem) for problem in files.problems],
        "others": files.others,
    }
    others = [f"{path}: is no library, for its first line does not begin with #!" for path in files.others]
    if files.problems:
        messages = [*map(str, files.problems), *others]
        return CommandOutcome(messages=messages, code=WRONG, extra=extra)
    shown = f"{count(len(files.sources), 'library')}: nothing is wrong\n".encode()
    return CommandOutcome(show=b"" if session.json else shown, messages=others, code=GOOD, extra=extra)


def _as_json(problem: Problem) -> dict[str, object]:
    return {"path": problem.path, "line": problem.line or None, "message": problem.message}
