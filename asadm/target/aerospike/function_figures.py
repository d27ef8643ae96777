"""Figures of every function of all nodes, as asudfd counts them: the info command `udf-stats:`."""

from __future__ import annotations

from asinfo.errors import WireError
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import NodeAnswer
    from asadm.target.aerospike.cluster import AerospikeCluster

STATS = b"udf-stats:"
COUNTS = ("calls", "errors", "timeouts", "microseconds")
NAME_WIDTH = 24
"""Characters of a function's name on a terminal: with the figures beside it the table fits 80 columns."""

KIB, MIB = 1 << 10, 1 << 20


class FunctionCalls:
    """What calls of one function came to, on one node or on all.

    ``buckets`` are how many calls took at most so many microseconds, and more than the bound before.
    """

    __slots__ = ("buckets", "calls", "errors", "memory", "microseconds", "name", "timeouts")

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = self.errors = self.timeouts = self.microseconds = self.memory = 0
        self.buckets: dict[int, int] = {}

    def add(self, other: FunctionCalls, sign: int = 1) -> None:
        """Count the calls of ``other`` too; with -1 no more. Memory is the most of both."""
        for count in COUNTS:
            setattr(self, count, getattr(self, count) + sign * getattr(other, count))
        for bound, calls in other.buckets.items():
            self.buckets[bound] = self.buckets.get(bound, 0) + sign * calls
        self.memory = max(self.memory, other.memory)

    @property
    def mean(self) -> float | None:
        """Microseconds of a call."""
        return self.microseconds / self.calls if self.calls > 0 else None

    def percentile(self, share: float) -> int | None:
        """A bound in microseconds that so large a share of the calls has kept to."""
        below, calls = 0, sum(self.buckets.values())
        for bound in sorted(self.buckets):
            below += self.buckets[bound]
            if below and below >= share * calls:
                return bound
        return None

    def document(self) -> dict[str, object]:
        """The figures for JSON."""
        counts = {count: getattr(self, count) for count in COUNTS}
        p99 = self.percentile(0.99)
        return {"function": self.name, **counts, "p99_microseconds": p99, "memory": self.memory}


class CallsReading:
    """The figures of one moment: the nodes' answers, and for each that answered its functions."""

    __slots__ = ("answers", "found")

    def __init__(self, answers: Sequence[NodeAnswer], found: Sequence[dict[str, FunctionCalls]]) -> None:
        self.answers = answers
        self.found = found

    @property
    def read(self) -> int:
        """How many nodes were read."""
        return sum(answer.good for answer in self.answers)

    def merged(self) -> dict[str, FunctionCalls]:
        """The figures of all nodes together, by the names of the functions."""
        whole: dict[str, FunctionCalls] = {}
        for node in self.found:
            for name, figures in node.items():
                whole.setdefault(name, FunctionCalls(name)).add(figures)
        return whole


def read(cluster: AerospikeCluster) -> CallsReading:
    """Ask all nodes at once. What is no answer to the question is an error of the node."""
    answers, found = list(cluster.each([STATS])), []
    for answer in answers:
        functions: dict[str, FunctionCalls] = {}
        if answer.good:
            try:
                functions = {each.name: each for each in parse(answer.answer)}
            except WireError as error:
                answer.status, answer.error = "protocol", str(error)
        elif answer.status == "error" and b"unrecognized" in answer.answer:
            answer.error = "it does not count calls of functions: it is no asudfd, or an older one"
        found.append(functions)
    return CallsReading(answers, found)


def parse(answer: bytes) -> list[FunctionCalls]:
    """The functions of an answer to `udf-stats:`. Raises WireError."""
    try:
        return [_figures(entry) for entry in text(answer).split(";") if entry]
    except (KeyError, ValueError):
        raise WireError("the node's answer about calls of functions is none") from None


def _figures(entry: str) -> FunctionCalls:
    from urllib.parse import unquote

    fields = dict(field.split("=", 1) for field in entry.split(":"))
    figures = FunctionCalls(f"{fields['module']}.{unquote(fields['function'])}")
    for count in (*COUNTS, "memory"):
        setattr(figures, count, int(fields[count]))
    for bucket in filter(None, fields["le"].split("+")):
        bound, calls = bucket.split("/")
        figures.buckets[int(bound)] = int(calls)
    return figures


def sheet(functions: Sequence[FunctionCalls], note: str, *, cut: bool) -> Sheet:
    """One row a function; ``cut``: long names are, so that the table fits a terminal."""
    titles = ["Function", "Calls", "Errors", "Late", "Mean", "p99", "Total", "Memory"]
    return Sheet("Calls of functions", titles, [_row(each, cut=cut) for each in functions], note)


def _row(figures: FunctionCalls, *, cut: bool) -> list[Cell]:
    return [
        Cell(cut_name(figures.name) if cut else figures.name),
        Cell(figures.calls),
        Cell(figures.errors, "bad" if figures.errors else ""),
        Cell(figures.timeouts, "bad" if figures.timeouts else ""),
        Cell(time_text(figures.mean)),
        Cell(time_text(figures.percentile(0.99))),
        Cell(time_text(figures.microseconds)),
        Cell(size_text(figures.memory)),
    ]


def cut_name(name: str) -> str:
    """The name of a function in the width that a terminal has for it."""
    return name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 3]}..."


def time_text(microseconds: float | None) -> str | None:
    """A time for a person."""
    if microseconds is None:
        return None
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if microseconds >= size:
            digits = 0 if microseconds >= 100 * size else 1
            return f"{microseconds / size:.{digits}f}{unit}"
    return f"{microseconds:.0f}us"


def size_text(size: int) -> str | None:
    """A number of bytes for a person."""
    if not size:
        return None
    return f"{size / MIB:.1f}M" if size >= MIB else f"{size / KIB:.0f}K"
