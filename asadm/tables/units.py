"""Units of figures, and how a value of each is shown to a person. JSON gets values as they are."""

from __future__ import annotations

TEXT = "text"
FLAG = "flag"
NUMBER = "number"
COUNT = "count"
BYTES = "bytes"
PERCENT = "percent"
PER_SECOND = "per second"
SECONDS = "seconds"
MILLISECONDS = "milliseconds"
"""``number`` is shown digit by digit, as sizes of clusters and ports are; ``count`` is shortened when it is large."""

EXACT_MAX = 10_000
"""Counts below are shown digit by digit: five places are no wider than what they would be shortened to."""

_THOUSANDS = ("", " K", " M", " G", " T", " P", " E")
_BINARY = (" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB")


def shown(value: str | float | bool | None, unit: str, *, rough: bool = False) -> str | float | None:
    """``value`` for a person; None where there is none, and a value of another kind than its unit as it is.

    ``rough`` is for values that are no more exact than the few places that they take.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, str):
        return value
    if rough and unit in _ROUGH:
        return _ROUGH[unit](value)
    return _SHOWN[unit](value) if unit in _SHOWN else value


def count(value: float) -> str:
    """``9999``, ``12.35 K``."""
    if abs(value) < EXACT_MAX:
        return f"{round(value, 1):g}"
    return _scaled(value, 1000, _THOUSANDS)


def size(value: float) -> str:
    """``512 B``, ``37.75 KiB``."""
    return _scaled(value, 1024, _BINARY)


def _scaled(value: float, step: int, units: tuple[str, ...]) -> str:
    power = 0
    scaled = float(value)
    while abs(scaled) >= step and power < len(units) - 1:
        scaled /= step
        power += 1
    return f"{scaled:.4g}{units[power]}" if abs(scaled) < step else f"{scaled:.0f}{units[power]}"


def rough_size(value: float) -> str:
    """``512 B``, ``59 KiB``."""
    power = 0
    scaled = float(value)
    while round(scaled) >= 1024 and power < len(_BINARY) - 1:
        scaled /= 1024
        power += 1
    return f"{round(scaled)}{_BINARY[power]}"


_DAY = 86_400


def rough_duration(seconds: float) -> str:
    """``45 s``, ``2.4 h``, ``10 d``."""
    for size_, unit in ((_DAY, "d"), (3600, "h"), (60, "min")):
        if seconds >= size_:
            several = seconds / size_
            return f"{round(several, 0 if several >= 10 else 1):g} {unit}"
    return f"{round(seconds, 1):g} s"


def percent(value: float) -> str:
    """``0.25%``: two digits at most."""
    return f"{round(value, 2):g}%"


def per_second(value: float) -> str:
    """``12.5``, ``12.35 K``: a rate."""
    return count(round(float(value), 1))


def duration(seconds: float) -> str:
    """``00:03:22``, ``3 d 04:05:06``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    clock = f"{hour:02}:{minute:02}:{second:02}"
    return f"{days} d {clock}" if days else clock


def milliseconds(value: float) -> str:
    """``12 ms``, and from a minute on a clock."""
    return f"{value:g} ms" if abs(value) < 60_000 else duration(value / 1000)


_SHOWN = {
    COUNT: count,
    BYTES: size,
    PERCENT: percent,
    PER_SECOND: per_second,
    SECONDS: duration,
    MILLISECONDS: milliseconds,
}

_ROUGH = {BYTES: rough_size, SECONDS: rough_duration}
