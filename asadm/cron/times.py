"""The times of a job: cron's five fields, and the same times in systemd's form.

Grammar of a field, as crontab(5) has it: a list of ``*``, ``N``, ``N-M``, each perhaps with ``/STEP``; names of months
and weekdays may stand for numbers. systemd's form: systemd.time(7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from asinfo.errors import UsageError

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


@dataclass(frozen=True, slots=True)
class FieldKind:
    """One of the five fields: its name, its lowest and highest number, and names for its numbers."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        """The number that ``text`` is or names. Raises UsageError."""
        if text.lower() in self.names:
            return self.names.index(text.lower()) + self.low
        if text.isascii() and text.isdigit() and len(text) <= 4 and self.low <= int(text) <= self.high:
            return int(text)
        raise UsageError(f"--schedule: {text!r} is not a {self.name} ({self.low} to {self.high})")


KINDS = (
    FieldKind("minute", 0, 59),
    FieldKind("hour", 0, 23),
    FieldKind("day of the month", 1, 31),
    FieldKind("month", 1, 12, MONTHS),
    FieldKind("weekday", 0, 7, WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class ScheduleField:
    """One field: its text with numbers for names, and the numbers it means.

    ``star``: begins with ``*``, which decides how cron combines the two fields that are about days.
    """

    text: str
    numbers: frozenset[int]
    star: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times of a job, in local time."""

    minute: ScheduleField
    hour: ScheduleField
    day: ScheduleField
    month: ScheduleField
    weekday: ScheduleField

    @property
    def crontab(self) -> str:
        """The five fields of a crontab line."""
        return " ".join(field.text for field in (self.minute, self.hour, self.day, self.month, self.weekday))

    @property
    def calendars(self) -> list[str]:
        """The expressions for ``OnCalendar=``; any of them starts the job.

        Two when both day fields are given, because cron then runs the job on days that fit either.
        """
        days = _numbers(self.day.numbers, KINDS[2])
        weekdays = _weekdays(self.weekday.numbers)
        if self.day.star or self.weekday.star:
            return [self._calendar(weekdays, days)]
        return [self._calendar("", days), self._calendar(weekdays, "*")]

    def _calendar(self, weekdays: str, days: str) -> str:
        month = _numbers(self.month.numbers, KINDS[3])
        hour = _numbers(self.hour.numbers, KINDS[1])
        minute = _numbers(self.minute.numbers, KINDS[0])
        return f"{weekdays}*-{month}-{days} {hour}:{minute}:00"


def parse(text: str) -> Schedule:
    """The times that ``text`` says: five fields or a nickname. Raises UsageError, also for times that never come."""
    fields = NICKNAMES.get(text.strip().lower(), text).split()
    if len(fields) != 5:
        raise UsageError(
            f"--schedule: {text!r} is not five fields (minute hour day month weekday) or one of {', '.join(NICKNAMES)}"
        )
    found = Schedule(*(_field(field, kind) for field, kind in zip(fields, KINDS, strict=True)))
    if found.weekday.star and not _comes(found):
        raise UsageError(f"--schedule: {text!r} never comes")
    return found


def every(text: str) -> Schedule:
    """The times that come ``text`` apart: ``15m``, ``6h``, ``1d``. Raises UsageError where no clock can say it evenly."""
    number, unit = text[:-1], text[-1:]
    count = int(number) if number.isascii() and number.isdigit() and len(number) <= 4 else 0
    if unit == "m" and count and count % 60 == 0:
        count, unit = count // 60, "h"
    if unit == "h" and count == 24:
        count, unit = 1, "d"
    if unit == "m" and count and 60 % count == 0:
        return parse(f"{_step(count)} * * * *")
    if unit == "h" and count and 24 % count == 0:
        return parse(f"0 {_step(count)} * * *")
    if (unit, count) == ("d", 1):
        return parse("@daily")
    raise UsageError(
        f"--every: {text!r} is not minutes that divide an hour (15m), hours that divide a day (6h) or 1d"
    )


def _step(count: int) -> str:
    return "*" if count == 1 else f"*/{count}"


def _comes(schedule: Schedule) -> bool:
    """Whether any month has any of the days."""
    return any(min(schedule.day.numbers) <= MONTH_DAYS[month - 1] for month in schedule.month.numbers)


def _field(text: str, kind: FieldKind) -> ScheduleField:
    items = [_item(item, kind) for item in text.split(",")]
    numbers = {number for _, found in items for number in found}
    if kind.high == 7:
        numbers = {number % 7 for number in numbers}  # Sunday is 0 and 7
    return ScheduleField(",".join(item for item, _ in items), frozenset(numbers), text.startswith("*"))


def _item(text: str, kind: FieldKind) -> tuple[str, Sequence[int]]:
    """One item of a list: its text with numbers for names, and what it means."""
    span, slash, step_text = text.partition("/")
    low, dash, high = span.partition("-")
    step = _step_of(step_text, kind) if slash else 1
    if span == "*":
        first, last, plain = kind.low, min(kind.high, 6) if kind.high == 7 else kind.high, "*"
    elif dash:
        first, last = kind.number(low), kind.number(high)
        plain = f"{first}-{last}"
    else:
        first = last = kind.number(low)
        plain = str(first)
    if first > last or (slash and not dash and span != "*"):
        raise UsageError(
            f"--schedule: {text!r} is not a {kind.name}, a range from low to high, or a step of a range"
        )
    return (f"{plain}/{step}" if slash else plain), range(first, last + 1, step)


def _step_of(text: str, kind: FieldKind) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= kind.high):
        raise UsageError(f"--schedule: {text!r} is not a step for a {kind.name} (1 to {kind.high})")
    return int(text)


def _numbers(numbers: frozenset[int], kind: FieldKind) -> str:
    """``numbers`` as systemd writes them: ``*``, ``FIRST/STEP`` where a step reaches the end, or a list."""
    if len(numbers) == kind.high - kind.low + 1:
        return "*"
    listed = sorted(numbers)
    steps = {later - earlier for earlier, later in pairwise(listed)}
    if len(steps) == 1 and len(listed) > 2:
        step = steps.pop()
        if listed[-1] + step > kind.high:
            return f"{listed[0]:02}/{step}"
    return ",".join(f"{number:02}" for number in listed)


def _weekdays(numbers: frozenset[int]) -> str:
    if len(numbers) == len(WEEKDAYS):
        return ""
    return ",".join(WEEKDAYS[number].capitalize() for number in sorted(numbers)) + " "
