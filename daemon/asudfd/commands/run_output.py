"""What `asudfd run` shows: result and changed record on standard output, all else on standard error."""

from __future__ import annotations

import os
import sys

from asinfo.record_text import RecordText, changes, coloured, value_text
from asinfo.terminal import streams
from asinfo.text import visible
from asinfo.wire.json_value import to_json

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from asinfo.terminal.options import Values
    from asudfd.offline import CallError
    from asudfd.offline.record import UdfRecord

VERSION = 1
"""Of the form of the JSON document, as in those of the tools: it grows when a member goes, or means something else."""

LEVELS = ("CRITICAL", "WARNING", "INFO", "DEBUG", "DETAIL")


class RunReport:
    """What the calls came to: the last result, the record before the first and after the last, and their times."""

    __slots__ = ("after", "before", "error", "repeated", "result", "seconds")

    def __init__(self, before: UdfRecord | None, after: UdfRecord | None) -> None:
        self.before = before
        self.after = after
        self.result: Any = None
        self.error: CallError | None = None
        self.seconds: list[float] = []
        self.repeated = False


def write(report: RunReport, values: Values) -> int:
    """Write the report; the exit status."""
    lines = _document(report) if values.flag("json") else _text(report, colour=_has_colours(values))
    try:
        if sys.stdout is None:
            raise streams.closed()
        if lines:
            text = "".join(f"{line}\n" for line in lines)
            sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.flush()
    except OSError as error:
        return streams.lost("asudfd", error)
    for line in _messages(report):
        tell(line)
    return 1 if report.error is not None else 0


def _has_colours(values: Values) -> bool:
    plain = values.flag("no-color") or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout is not None and sys.stdout.isatty() and not plain


def _text(report: RunReport, *, colour: bool) -> list[str]:
    found = [] if report.error is not None else [value_text(report.result)]
    found += changes(_shown(report.before), _shown(report.after))
    if sys.stdout is not None and sys.stdout.isatty():
        found = [visible(line) for line in found]
    return [coloured(line) if colour and number else line for number, line in enumerate(found)]


def _shown(record: UdfRecord | None) -> RecordText | None:
    return None if record is None else RecordText(record, record.generation, record.ttl)


def _document(report: RunReport) -> list[str]:
    import json

    before, after, error = _shown(report.before), _shown(report.after), report.error
    document: dict[str, object] = {
        "version": VERSION,
        "before": before and before.document,
        "after": after and after.document,
    }
    if error is None:
        document["result"] = to_json(report.result)
    else:
        document["error"] = {
            "message": error.message,
            "file": error.file or None,
            "line": error.line or None,
            "source": error.source or None,
        }
    if report.repeated:
        document["calls"] = len(report.seconds)
        document["milliseconds"] = _figures(report.seconds)
    return [json.dumps(document, ensure_ascii=False, indent=2)]


def _figures(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and longest, in milliseconds."""
    ordered = sorted(seconds)
    if not ordered:
        return {}
    places = {"median": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "max": len(ordered) - 1}
    return {name: round(ordered[place] * 1000, 4) for name, place in places.items()}


def _messages(report: RunReport) -> list[str]:
    found = str(report.error).expandtabs(4).split("\n") if report.error is not None else []
    if report.repeated and report.seconds:
        times = ", ".join(f"{name} {each:g} ms" for name, each in _figures(report.seconds).items())
        found.append(f"{len(report.seconds)} calls: {times}")
    return found


def tell(line: str) -> None:
    """A line on standard error, as it is."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(f"{visible(line)}\n")
        except OSError:
            return


def show_line(level: int, place: str, text: str, context: str) -> None:  # noqa: ARG001 - as every log has it
    """A line that a module logs."""
    tell(f"{LEVELS[level]} {place.removeprefix('./')}: {text}")
