"""Parameters of CONFIG: one row for each, from `parameters.json`.

All names of the real server are there, since clients ask for them. Those that asudfd goes by are `EFFECTIVE` in
`settings.py`; the others keep what they are set to, and nothing else.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_UNITS = {"b": 1, "k": 1000, "kb": 1 << 10, "m": 10**6, "mb": 1 << 20, "g": 10**9, "gb": 1 << 30, "": 1}
_EVENTS_ALL = "g$lshzxetd"
_EVENTS = "Ag$lshzxeKEtmdn"
_BUFFER_CLASSES = {"normal": 0, "slave": 1, "replica": 1, "pubsub": 2}
_TEXT_MAX = 64 << 10
"""Longest text that a parameter keeps; none of them needs more."""


class ConfigParameter(NamedTuple):
    """A parameter. ``kind``: integer, memory, percent, yes-no, choice or text; ``low`` and ``high`` bound numbers.

    ``fixed`` says that CONFIG SET cannot change it, and why: "immutable" or "protected". ``alias`` names the parameter of
    which this is another name; a ``hidden`` one is only found by its whole name.
    """

    name: str
    kind: str
    default: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    fixed: str = ""
    alias: str = ""
    hidden: bool = False

    def parsed(self, text: str, before: str) -> str:
        """The text that the parameter keeps when it is set to ``text``. Raises ValueError that says what is wrong."""
        match self.kind:
            case "integer":
                return str(self._bounded(_integer(text)))
            case "memory":
                return str(self._bounded(_memory(text)))
            case "percent":
                return text if re.fullmatch(r"\d{1,2}%|100%", text) else str(_memory(text, "or percent "))
            case "yes-no":
                if text.lower() not in {"yes", "no"}:
                    raise ValueError("argument must be 'yes' or 'no'")
                return text.lower()
            case "choice":
                return self._chosen(text)
        return _PARSERS.get(self.name, _plain)(text, before)

    def _bounded(self, number: int) -> int:
        if not self.low <= number <= self.high:
            raise ValueError(f"argument must be between {self.low} and {self.high} inclusive")
        return number

    def _chosen(self, text: str) -> str:
        for choice in self.choices:
            if choice.lower() == text.lower():
                return choice
        raise ValueError(f"argument(s) must be one of the following: {', '.join(self.choices)}")


@cache
def parameters() -> dict[str, ConfigParameter]:
    """All parameters by name, in the order of the names."""
    rows = json.loads(Path(__file__).with_name("parameters.json").read_bytes())
    return {row["name"]: ConfigParameter(**row | {"choices": tuple(row.get("choices", ()))}) for row in rows}


def _integer(text: str) -> int:
    if not re.fullmatch(r"0|-?[1-9]\d{0,18}", text, re.ASCII) or not -(1 << 63) <= int(text) < 1 << 63:
        raise ValueError("argument couldn't be parsed into an integer")
    return int(text)


def _memory(text: str, more: str = "") -> int:
    found = re.fullmatch(r"(\d{1,19})([kmg]?b?)", text.lower(), re.ASCII)
    if not found or int(found[1]) * _UNITS[found[2]] >= 1 << 63:
        raise ValueError(f"argument must be a memory {more}value")
    return int(found[1]) * _UNITS[found[2]]


def _plain(text: str, _before: str) -> str:
    if len(text) > _TEXT_MAX:
        raise ValueError(f"asudfd keeps no more than {_TEXT_MAX} bytes")
    return text


def _save(text: str, _before: str) -> str:
    words = text.split()
    if len(words) % 2 or not all(re.fullmatch(r"[1-9]\d{0,9}", word, re.ASCII) for word in words):
        raise ValueError("Invalid save parameters")
    return " ".join(words)


def _events(text: str, _before: str) -> str:
    if set(text) - set(_EVENTS):
        raise ValueError(f"Invalid event class character. Use '{_EVENTS}'.")
    chosen = set(text) | (set(_EVENTS_ALL) if "A" in text else set())
    whole = chosen.issuperset(_EVENTS_ALL)
    return ("A" if whole else "".join(each for each in _EVENTS_ALL if each in chosen)) + "".join(
        each for each in "KEmn" if each in chosen
    )


def event_classes(text: str) -> frozenset[str]:
    """The letters of events that are told, with K or E, where they are told; none if one of the two is missing."""
    letters = frozenset(text.replace("A", _EVENTS_ALL))
    is_told = letters & {"K", "E"} and letters - {"K", "E"}
    return letters if is_told else frozenset()


def _buffer_limits(text: str, before: str) -> str:
    words, limits = text.split(), [part.split() for part in re.findall(r"\S+ \S+ \S+ \S+", before)]
    if not words or len(words) % 4:
        raise ValueError("Wrong number of arguments in buffer limit configuration.")
    for at in range(0, len(words), 4):
        name, *numbers = words[at : at + 4]
        if name.lower() not in _BUFFER_CLASSES:
            raise ValueError("Invalid client class specified in buffer limit configuration.")
        try:
            hard, soft = (_memory(number) for number in numbers[:2])
            seconds = _memory(numbers[2])
        except ValueError:
            raise ValueError(
                "Error in hard, soft or soft_seconds setting in buffer limit configuration."
            ) from None
        limits[_BUFFER_CLASSES[name.lower()]][1:] = [str(hard), str(soft), str(seconds)]
    return " ".join(" ".join(limit) for limit in limits)


_PARSERS = {
    "save": _save,
    "notify-keyspace-events": _events,
    "client-output-buffer-limit": _buffer_limits,
}
