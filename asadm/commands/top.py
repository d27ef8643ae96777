"""``top``: which functions of modules are called just now, how often, how long they take, and how many fail."""

from __future__ import annotations

import time
from contextlib import suppress

from asadm import display
from asadm.commands import REPEAT_SECONDS
from asadm.fleet.observed.survey import covered
from asadm.outcome import INTERRUPTED, CommandOutcome
from asadm.redraw import QUIT, Redrawing
from asadm.target.aerospike.cluster import info_cluster
from asadm.target.aerospike.function_figures import (
    CallsReading,
    FunctionCalls,
    cut_name,
    read,
    size_text,
    time_text,
)
from asinfo.errors import UsageError
from asinfo.terminal.options import SECONDS_MAX, Option
from asinfo.terminal.render import Cell, Sheet

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable

    from asadm.session import CommandSession
    from asadm.statement import CommandArguments

SORT = Option(
    "sort",
    kind="choice",
    choices=("time", "calls", "errors"),
    help="What comes first: the functions that take the most time, that are called most, or that fail most.  [time]",
)
INTERVAL = Option("interval", "n", metavar="SECONDS", help="Seconds between two looks.  [2]")
COUNT = Option("count", metavar="N", help="End after N tables.")
OPTIONS = (SORT, INTERVAL, COUNT)

NOTES = """\
Shows the functions that were called since the look before, of all nodes together: calls and errors in a second, how long a call takes
(mean, and what 99 of 100 keep to), the share of a second that all calls together take, and the most memory of a context.
On a terminal it redraws in place: q ends it, and t, c, e sort by time, calls, errors. Elsewhere it prints a table each time.
asudfd counts calls; a real server does not.

Exit codes: 0 ended by q, Ctrl-C or --count, 1 a node could not be read, 2 usage.

Examples:
  asadm top
  asadm top --sort errors --interval 5
  asadm top --count 3 | cat"""

TITLES = ("Function", "Calls/s", "Errors/s", "Mean", "p99", "Busy", "Memory")
KEYS = {b"t": "time", b"c": "calls", b"e": "errors"}


class TopSettings:
    """What is shown first, the seconds between two looks, and after how many of them it ends (0: never)."""

    __slots__ = ("count", "pause", "sort")

    def __init__(self, sort: str, pause: float, count: int) -> None:
        self.sort = sort
        self.pause = pause
        self.count = count


class CallsRate:
    """What was called between two looks, ``seconds`` apart."""

    __slots__ = ("functions", "reading", "seconds")

    def __init__(self, before: CallsReading, reading: CallsReading, seconds: float) -> None:
        self.reading = reading
        self.seconds = seconds
        self.functions = _since(before, reading)

    def sheet(self, sort: str, *, cut: bool) -> Sheet:
        """One row a function."""
        rows = [self._row(each, cut=cut) for each in sorted(self.functions, key=_order(sort))]
        note = covered("" if rows else "no calls", self.reading.read, len(self.reading.answers))
        return Sheet("", TITLES, rows, note)

    def _row(self, figures: FunctionCalls, *, cut: bool) -> list[Cell]:
        errors = figures.errors / self.seconds
        return [
            Cell(cut_name(figures.name) if cut else figures.name),
            Cell(figures.calls / self.seconds),
            Cell(errors, "bad" if errors else ""),
            Cell(time_text(figures.mean)),
            Cell(time_text(figures.percentile(0.99))),
            Cell(f"{figures.microseconds / 1e4 / self.seconds:.1f}%"),
            Cell(size_text(figures.memory)),
        ]

    def document(self) -> list[dict[str, object]]:
        """The rows for JSON."""
        return [{**each.document(), "seconds": round(self.seconds, 3)} for each in self.functions]


def _since(before: CallsReading, now: CallsReading) -> list[FunctionCalls]:
    """What was called on all nodes together.

    A node that counts less than before has begun anew; what one counts that was not read before is not known to be new.
    """
    known = {
        answer.node: found for answer, found in zip(before.answers, before.found, strict=True) if answer.good
    }
    whole: dict[str, FunctionCalls] = {}
    for answer, found in zip(now.answers, now.found, strict=True):
        earlier = known.get(answer.node)
        for name, figures in found.items() if earlier is not None else ():
            merged = whole.setdefault(name, FunctionCalls(name))
            merged.add(figures)
            if earlier and name in earlier and earlier[name].calls <= figures.calls:
                merged.add(earlier[name], -1)
    return [figures for figures in whole.values() if figures.calls > 0]


def _order(sort: str) -> Callable[[FunctionCalls], tuple[float, str]]:
    counted = {"time": "microseconds", "calls": "calls", "errors": "errors"}[sort]
    return lambda figures: (-getattr(figures, counted), figures.name)


def check(arguments: CommandArguments) -> None:
    """Raises UsageError for numbers that are none."""
    options = arguments.options
    pause, count = options.text(INTERVAL.name), options.text(COUNT.name)
    arguments.prepared = TopSettings(
        options.text(SORT.name) or "time",
        REPEAT_SECONDS if pause is None else _seconds(pause),
        0 if count is None else _count(count),
    )


def _seconds(word: str) -> float:
    plain = word.replace(".", "", 1)
    if plain.isascii() and plain.isdigit() and len(word) <= 9 and 0 < float(word) <= SECONDS_MAX:
        return float(word)
    raise UsageError(f"top: --interval: {word!r} is not a number of seconds")


def _count(word: str) -> int:
    if word.isascii() and word.isdigit() and len(word) <= 9 and int(word):
        return int(word)
    raise UsageError(f"top: --count: {word!r} is not a number of tables: 1, 2, ...")


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Look again and again."""
    settings: TopSettings = arguments.prepared
    cluster = info_cluster(session.cluster(arguments))
    code = shown = 0
    with Redrawing(session) as redrawing, suppress(KeyboardInterrupt):
        before, since = read(cluster), time.monotonic()
        if redrawing.active:
            first = f"the first figures come in {settings.pause:g} s\n".encode()
            redrawing.show(_heading(session, redrawing, settings) + first)
        while not settings.count or shown < settings.count:
            if _rest(settings, redrawing) == QUIT:
                break
            reading, now = read(cluster.afresh()), time.monotonic()
            outcome = _show(session, redrawing, settings, CallsRate(before, reading, now - since))
            before, since, shown, code = reading, now, shown + 1, max(code, outcome.code)
            if outcome.code == INTERRUPTED:
                break
    return CommandOutcome(code=0 if code == INTERRUPTED else code, shown=True)


def _rest(settings: TopSettings, redrawing: Redrawing) -> bytes:
    """Wait for the next look, or for the key that ends it all; other keys change the order."""
    key = redrawing.rest(settings.pause)
    settings.sort = KEYS.get(key, settings.sort)
    return key


def _show(
    session: CommandSession, redrawing: Redrawing, settings: TopSettings, rate: CallsRate
) -> CommandOutcome:
    outcome = CommandOutcome(rate.reading.answers, extra={"functions": rate.document()})
    if session.json:
        session.write(display.as_json("top", outcome))
        return outcome
    table = display.rendered(session, [rate.sheet(settings.sort, cut=session.terminal)])
    redrawing.show(_heading(session, redrawing, settings) + table, display.messages(session, outcome))
    return outcome


def _heading(session: CommandSession, redrawing: Redrawing, settings: TopSettings) -> bytes:
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    keys = "; q ends, t c e sort" if redrawing.keys else ""
    return session.bold(f"[ {now} top by {settings.sort}, every {settings.pause:g} s{keys} ]") + b"\n"
