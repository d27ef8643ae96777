"""``asudfd run``: call a function of a module on a record that is given on the command line, without a node."""

from __future__ import annotations

import signal
import time

from asinfo.errors import UsageError, WireError
from asinfo.terminal.options import Option
from asudfd.commands.run_input import Invocation, invocation
from asudfd.commands.run_output import RunReport, show_line, write
from asudfd.offline import CallError, OfflineModule

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asinfo.terminal.options import Values
    from asudfd.lua.line_watch import LineWatch

BINS = Option(
    "bins", metavar="JSON", help="The record's bins, as a JSON object. Without it there is no record."
)
STDIN = Option("stdin", kind="flag", help="Read the bins from standard input.")
KEY = Option("key", metavar="KEY", help="The record's key, as if the client had sent it with the call.")
KEY_TYPE = Option(
    "key-type",
    kind="choice",
    choices=("auto", "string", "integer", "bytes"),
    default="auto",
    metavar="TYPE",
    help="What KEY is: string, integer, bytes (in hexadecimal); auto: an integer where it looks like one, else a string.  [auto]",
)
SET_NAME = Option("set-name", metavar="NAME", help="The set that the record is in.")
ARG_STRING = Option(
    "arg-string",
    kind="list",
    metavar="TEXT",
    help="One more argument, a string whatever it looks like; repeatable. It stands behind the others.",
)
ARGS_FILE = Option(
    "args-file", metavar="FILE", help="Take the arguments from a JSON array; - is standard input."
)
TRACE = Option(
    "trace",
    kind="flag",
    help="Show each line of a module as it runs, and where the function fails the local variables there.",
)
PROFILE = Option("profile", kind="flag", help="Show how often each line ran, and how long that took.")
REPEAT = Option(
    "repeat",
    kind="integer",
    metavar="N",
    help="Call it N times, each on the record that the call before has left, and show how long the calls took.",
)
TIMEOUT = Option(
    "timeout",
    kind="seconds",
    metavar="SECONDS",
    default=1.0,
    help="How long a call may take of the processor. A single call of Lua's library is not interrupted by it, but by Ctrl-C.  [1]",
)
JSON = Option("json", kind="flag", help="Print a JSON document.")
NO_COLOR = Option("no-color", kind="flag", help="No colours, as with the environment variable NO_COLOR.")

OPTIONS = (
    BINS, STDIN, KEY, KEY_TYPE, SET_NAME, ARG_STRING, ARGS_FILE, TRACE, PROFILE, REPEAT, TIMEOUT, JSON, NO_COLOR,
)  # fmt: skip

SUMMARY = "Call a function of a Lua module on one record, without a node and without a network."

GRAMMAR = "asudfd run FILE.lua FUNCTION [ARG]..."

NOTES = """\
Arguments and bins are JSON where they parse as such, else strings. Those that look like options stand behind '--'. Bytes are
{"$bytes": "00FF"}, a geo JSON text is {"$geo": "..."}, a map with other keys than strings {"$map": [[1, "one"]]}; results are shown so, too.

FILE may require the modules beside it. The result goes to standard output, and what the call has changed in the record;
what the function logs goes to standard error.

Exit codes: 0 done, 1 the function failed, or its module does not load, 2 usage.

Examples:
  asudfd run counter.lua increment count 5 --bins '{"count": 1}'
  asudfd run lists.lua append tags '["a", "b"]' --trace
  asudfd run counter.lua increment count 5 --repeat 10000 --profile"""

INTERSPERSED = True

CALLS_MAX = 10_000_000
"""Most calls of one run: their times are kept, some 80 MB of them."""


def act(values: Values) -> int:
    """Call it, and show what came of it; 1 where it failed. Raises Error."""
    asked = invocation(values)
    count = values.integer(REPEAT.name)
    if count is not None and not 1 <= count <= CALLS_MAX:
        raise UsageError(f"--repeat: {count} is not a number from 1 to {CALLS_MAX}")
    watch = _watch(values)
    seconds = values.number(TIMEOUT.name)
    assert seconds is not None
    # a library function of Lua that takes long looks neither at --timeout nor at Python's signals
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    module = OfflineModule(asked.path, seconds=seconds, log=show_line, watch=watch)
    try:
        report = _call(module, asked, count or 1)
    except WireError as error:
        raise UsageError(str(error)) from None
    report.repeated = count is not None
    code = write(report, values)
    if watch is not None:
        _show_lines(watch, values, report.error)
    return code


def _show_lines(watch: LineWatch, values: Values, error: CallError | None) -> None:
    from asudfd.commands.run_lines import show_failure, show_profile

    if error is not None and values.flag(TRACE.name):
        show_failure(error.frames)
    if values.flag(PROFILE.name):
        show_profile(watch)


def _watch(values: Values) -> LineWatch | None:
    """What sees the lines, where that is asked for."""
    trace, profile = values.flag(TRACE.name), values.flag(PROFILE.name)
    if not (trace or profile):
        return None
    from asudfd.commands.run_lines import LineTrace
    from asudfd.lua.line_watch import LineWatch

    return LineWatch(LineTrace().show if trace else None, profile=profile)


def _call(module: OfflineModule, asked: Invocation, count: int) -> RunReport:
    """Call it so many times, until one fails. Raises Error for what is wrong before a call."""
    before = asked.record
    report = RunReport(before=before, after=before)
    try:
        module.ready()
    except CallError as error:
        report.error = error
        return report
    for _ in range(count):
        began = time.perf_counter()
        try:
            result, after = module.call(
                asked.function, report.after, *asked.arguments, key=asked.key, set_name=asked.set_name
            )
        except CallError as error:
            report.error = error
            break
        report.seconds.append(time.perf_counter() - began)
        report.result, report.after = result, after
    return report
