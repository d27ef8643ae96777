"""Regular expressions, parsed into a tree. A set of bytes is an integer with a bit for each byte."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, TypeAlias

from asinfo.wire.expression import Unsupported

Node: TypeAlias = "ByteSet | Anchor | Sequence | Alternation | Repeat"

ALL = (1 << 256) - 1
"""The set of all bytes."""

LEVELS_MAX = 120
"""Levels of a tree; ours: who walks it takes two calls of Python's own stack for each, which holds a thousand in all."""


class Assertion(Enum):
    """A condition on the bytes before and after a position of the text; it matches no byte."""

    LINE_START = auto()
    LINE_END = auto()
    TEXT_START = auto()
    TEXT_END = auto()
    WORD_START = auto()
    WORD_END = auto()
    WORD_EDGE = auto()
    NO_WORD_EDGE = auto()


@dataclass(frozen=True, slots=True)
class ByteSet:
    """Matches one byte of a set."""

    accepted: int
    levels: ClassVar[int] = 1
    points: ClassVar[frozenset[Assertion]] = frozenset()


@dataclass(frozen=True, slots=True)
class Anchor:
    """Matches no byte, where an assertion holds."""

    where: Assertion
    levels: ClassVar[int] = 1

    @property
    def points(self) -> frozenset[Assertion]:
        """All points that are asked about, as with the next three."""
        return frozenset({self.where})


@dataclass(frozen=True, slots=True)
class Sequence:
    """Matches its parts one after the other; without parts, nothing."""

    parts: tuple[Node, ...]
    levels: int
    points: frozenset[Assertion]


@dataclass(frozen=True, slots=True)
class Alternation:
    """Matches one of its parts."""

    parts: tuple[Node, ...]
    levels: int
    points: frozenset[Assertion]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same from ``low`` to ``high`` times; None is no limit."""

    part: Node
    low: int
    high: int | None
    levels: int
    points: frozenset[Assertion]


def sequence(parts: list[Node]) -> Node:
    """All ``parts`` one after the other. Raises Unsupported, like the next two, for too many levels."""
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts), _level(parts), _points(parts))


def choice(parts: list[Node]) -> Node:
    """One of ``parts``."""
    return parts[0] if len(parts) == 1 else Alternation(tuple(parts), _level(parts), _points(parts))


def repeat(part: Node, low: int, high: int | None) -> Node:
    """``part`` from ``low`` to ``high`` times.

    Raises Unsupported where that is written out and there is an anchor in it: the library mistakes the copies' anchors for
    each other, so that it finds `^(^a|b){2}` in "aa".
    """
    if high == 0:
        return sequence([])
    if part.points and (low if high is None else high > 1):
        raise Unsupported("a regular expression repeats an anchor, other than by a star or a question mark")
    if isinstance(part, Repeat) and {part.low, part.high, low, high} <= {0, 1, None}:
        return _repeat_again(part, low, high)
    return Repeat(part, low, high, _level([part]), part.points)


def _repeat_again(part: Repeat, low: int, high: int | None) -> Node:
    """What `*`, `+` and `?` make of what one of them repeats already: one of them again."""
    most = None if None in {part.high, high} else 1
    return Repeat(part.part, part.low & low, most, part.levels, part.points)


def _points(parts: list[Node]) -> frozenset[Assertion]:
    return frozenset[Assertion]().union(*(part.points for part in parts))


def _level(parts: list[Node]) -> int:
    level = 1 + max((part.levels for part in parts), default=0)
    if level > LEVELS_MAX:
        raise Unsupported("a regular expression is nested too deep")
    return level


def bytes_set(members: bytes) -> int:
    """The set of ``members``."""
    found = 0
    for member in members:
        found |= 1 << member
    return found


def range_set(first: int, last: int) -> int:
    """The set of the bytes from ``first`` to ``last``."""
    return (1 << last + 1) - (1 << first)
