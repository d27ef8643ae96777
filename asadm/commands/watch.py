"""``watch``: repeat a command, mark what changed."""

from __future__ import annotations

import time

from asadm import display, statement
from asadm.commands import REPEAT_SECONDS
from asadm.outcome import INTERRUPTED, CommandOutcome, is_stopped
from asadm.redraw import QUIT, Redrawing
from asinfo.errors import UsageError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments, ParsedCommand

NEVER = frozenset({"watch", "top", "enable", "disable", "exit", "quit", "help"})
"""Commands that make no sense repeated."""


NOTES = """\
On a terminal it redraws in place, and q or Ctrl-C ends it; lines that are not as before stand out, but for --no-diff. Elsewhere it prints
one run below the other.

Exit codes: that of the worst run, 130 when Ctrl-C ended it, 2 usage.

Examples:
  asadm watch 1 10 show udfs
  asadm watch show statistics service like client --rate"""

REVERSED, PLAIN = b"\x1b[7m", b"\x1b[0m"


class _Repetition:
    """What is repeated, how often (0: for ever), how long the pauses are, and whether changes are marked."""

    __slots__ = ("call", "marks", "pause", "times")

    def __init__(self, arguments: CommandArguments) -> None:
        words = arguments.rest
        self.marks = "--no-diff" not in words[:1]
        rest = words if self.marks else words[1:]
        numbers: list[str] = []
        while rest and len(numbers) < 2 and _is_number(rest[0]):
            numbers.append(rest[0])
            rest = rest[1:]
        if not rest:
            raise statement.wrong("watch: the command to repeat is missing", "watch")
        self.pause = float(numbers[0]) if numbers else REPEAT_SECONDS
        self.times = _times(numbers[1]) if len(numbers) > 1 else 0
        self.call: ParsedCommand = statement.call(rest, rules_of=arguments.rules_of)
        if self.call.row.name in NEVER:
            raise UsageError(f"watch cannot repeat {self.call.row.name!r}")


def check(arguments: CommandArguments) -> None:
    """Raises UsageError when the command to repeat is missing or wrong."""
    arguments.prepared = _Repetition(arguments)


def changing(arguments: CommandArguments) -> bool:
    """Whether the repeated command changes the cluster."""
    plan: _Repetition = arguments.prepared
    return plan.call.privileged


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Show every run at once; the exit code is that of the worst run, 130 when Ctrl-C ended it."""
    plan: _Repetition = arguments.prepared
    before: list[bytes] = []
    code = done = 0
    try:
        with Redrawing(session, keys=not plan.call.privileged) as redrawing:
            while True:
                done += 1
                outcome = session.run(plan.call)
                shown = display.output(session, plan.call, outcome)
                heading = b"" if session.json else session.bold(_header(plan, done, redrawing)) + b"\n"
                picture = heading + _marked(session, plan, shown, before)
                redrawing.show(picture, display.messages(session, outcome))
                before = shown.split(b"\n")
                code = max(code, outcome.code)
                if done == plan.times or is_stopped(code) or redrawing.rest(plan.pause) == QUIT:
                    break
    except KeyboardInterrupt:
        code = INTERRUPTED
    return CommandOutcome(code=code, shown=True)


def _header(plan: _Repetition, iteration: int, redrawing: Redrawing) -> str:
    ends = "; q ends" if redrawing.keys else ""
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    return f"[ {now} '{plan.call.text}' sleep: {plan.pause:.1f}s iteration: {iteration}{ends} ]"


def _marked(session: CommandSession, plan: _Repetition, shown: bytes, before: list[bytes]) -> bytes:
    """The lines that were not there before stand out, where there was something before."""
    if not (session.colour and plan.marks and before):
        return shown
    known = set(before)
    return b"\n".join(
        line if line in known else REVERSED + line.replace(PLAIN, PLAIN + REVERSED) + PLAIN
        for line in shown.split(b"\n")
    )


def _times(number: str) -> int:
    if not number.isdigit() or not int(number):
        raise UsageError(
            f"watch: {number} is not a number of times: 1, 2, ...; leave it out to repeat for ever"
        )
    return int(number)


def _is_number(word: str) -> bool:
    plain = word.replace(".", "", 1)
    return plain.isascii() and plain.isdigit() and len(word) <= 9
