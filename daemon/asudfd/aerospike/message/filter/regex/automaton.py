"""From the tree of a regular expression to an automaton: a place for each byte that the pattern takes.

After a place only certain others may come; which ones, is a set, an integer with a bit for each (Glushkov's
construction). What an anchor asks is settled here once and for all: where a pattern has anchors, each place takes only
bytes of one *kind* (newlines, word characters, others), so the kinds before and after a point in the text are known from
the two places beside it. The edges of the text count as a kind of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from asudfd.aerospike.message.filter.regex.brackets import WORD
from asudfd.aerospike.message.filter.regex.tree import (
    ALL,
    Alternation,
    Anchor,
    Assertion,
    ByteSet,
    Repeat,
    Sequence,
    bytes_set,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asudfd.aerospike.message.filter.regex.budget import RegexBudget
    from asudfd.aerospike.message.filter.regex.tree import Node

EDGE = 0
"""The kind of what is before the first byte of a text and behind its last."""

_NEWLINE = bytes_set(b"\n")


@dataclass(frozen=True, slots=True)
class Automaton:
    """``classes`` has the class of each byte; bytes of one class are never told apart.

    By class: ``takes`` has the places for such a byte, ``restarts`` those where a match may begin behind it. By place:
    ``follows``. ``starts`` are the places at the start of a text. When one of ``found`` takes a byte, or one of
    ``found_at_end`` may come at the end of the text, there is a match.
    """

    classes: bytes
    takes: list[int]
    restarts: list[int]
    follows: list[int]
    starts: int
    found: int
    found_at_end: int


@dataclass(frozen=True, slots=True)
class _Fragment:
    """What a part of a pattern needs of its neighbours.

    ``first``: by the kind of the byte before, the places that it may begin with. ``last``: by the kind of the byte
    behind, those that it may end with. ``empty``: by the kind before, the kinds behind between which it may be nothing.
    """

    first: list[int]
    last: list[int]
    empty: list[int]


class Builder:
    """Makes the automaton of one tree."""

    __slots__ = (
        "_all",
        "_budget",
        "_follows",
        "_kinds",
        "_newline",
        "_nothing",
        "_of_kind",
        "_place_kinds",
        "_sets",
        "_tests",
    )

    def __init__(self, budget: RegexBudget, points: frozenset[Assertion], *, newline: bool) -> None:
        """``points``: all that the tree has; ``newline``: lines start behind a newline, and end before it.

        Within a match they do so in any case: `a$.b` is found in "a, newline, b". The library does not look at the flag
        there.
        """
        self._budget = budget
        self._newline = newline
        lines, words = (not points.isdisjoint(kind) for kind in (_LINE_POINTS, _WORD_POINTS))
        self._kinds = [0, *_kinds(newlines=lines, words=words)]
        self._tests = _tests(self._kinds) if points else {}
        count = len(self._kinds)
        self._all = (1 << count) - 1
        self._nothing = [0] * count
        self._of_kind = [0] * count  # the places of each kind
        self._place_kinds: list[int] = []
        self._follows: list[int] = []
        self._sets: dict[int, int] = {}  # the places that take each set of bytes

    def build(self, tree: Node) -> Automaton:
        """Raises Unsupported when that is too much work."""
        ends = [self._place(accepted, self._outer(kind)) for kind, accepted in enumerate(self._kinds)]
        first = [sum(1 << end for end in ends)] * len(self._kinds)
        whole = self._join(self._fragment(tree), _Fragment(first, self._nothing, self._nothing))
        parts = sorted(self._partition(), key=int.bit_count, reverse=True)
        return Automaton(
            _classes(parts),
            [self._taking(part) for part in parts],
            [whole.first[self._outer(self._kind_of(part))] for part in parts],
            self._follows,
            whole.first[EDGE],
            sum(1 << end for end in ends[1:]),
            1 << ends[EDGE],
        )

    # ---- places and bytes

    def _place(self, accepted: int, kind: int) -> int:
        self._budget.charge(1)
        place = len(self._follows)
        self._follows.append(0)
        self._place_kinds.append(kind)
        self._of_kind[kind] |= 1 << place
        self._sets[accepted] = self._sets.get(accepted, 0) | 1 << place
        return place

    def _partition(self) -> list[int]:
        """All bytes, those together that no place and no kind tells apart."""
        parts = [ALL]
        for accepted in {*self._sets, *self._kinds}:
            self._budget.charge(1 + len(parts) // 8)
            parts = [cut for part in parts for cut in (part & accepted, part & ~accepted) if cut]
        return parts

    def _taking(self, part: int) -> int:
        self._budget.charge(1 + len(self._sets) // 8)
        found = 0
        for accepted, places in self._sets.items():
            if accepted & part:
                found |= places
        return found

    def _kind_of(self, part: int) -> int:
        return next(kind for kind, accepted in enumerate(self._kinds) if accepted & part)

    def _outer(self, kind: int) -> int:
        """What a byte of a kind counts as before the first byte of a match, and behind its last."""
        is_newline = self._kinds[kind] == _NEWLINE
        return len(self._kinds) - 1 if is_newline and not self._newline else kind

    # ---- parts of the pattern

    def _fragment(self, node: Node) -> _Fragment:
        self._budget.charge(2)
        match node:
            case ByteSet(accepted):
                return self._leaf(accepted)
            case Anchor(where):
                return _Fragment(self._nothing, self._nothing, self._tests[where])
            case Sequence(parts):
                return self._sequence([self._fragment(part) for part in parts])
            case Alternation(parts):
                return self._choice([self._fragment(part) for part in parts])
            case Repeat():
                return self._repeat(node)

    def _leaf(self, accepted: int) -> _Fragment:
        places = 0
        for kind, members in enumerate(self._kinds):
            if accepted & members:
                places |= 1 << self._place(accepted & members, kind)
        return _Fragment([places] * len(self._kinds), [places] * len(self._kinds), self._nothing)

    def _sequence(self, fragments: list[_Fragment]) -> _Fragment:
        """Joined from the right: then each place is looked at once, however many parts may be empty."""
        if not fragments:
            return _Fragment(self._nothing, self._nothing, [self._all] * len(self._kinds))
        found = fragments[-1]
        for fragment in reversed(fragments[:-1]):
            found = self._join(fragment, found)
        return found

    def _choice(self, fragments: list[_Fragment]) -> _Fragment:
        found = fragments[0]
        for other in fragments[1:]:
            found = _Fragment(
                _united(found.first, other.first),
                _united(found.last, other.last),
                _united(found.empty, other.empty),
            )
        return found

    def _repeat(self, node: Repeat) -> _Fragment:
        """Written out: `a{2,4}` is `aa(a(a)?)?`."""
        if node.high is None:
            rest = self._loop(self._fragment(node.part))
            if not node.low:
                return self._optional(rest)
            low = node.low - 1
        else:
            rest = self._sequence([])
            for _ in range(node.high - node.low):
                rest = self._optional(self._join(self._fragment(node.part), rest))
            low = node.low
        for _ in range(low):
            rest = self._join(self._fragment(node.part), rest)
        return rest

    def _optional(self, fragment: _Fragment) -> _Fragment:
        return _Fragment(fragment.first, fragment.last, [self._all] * len(self._kinds))

    def _loop(self, fragment: _Fragment) -> _Fragment:
        self._link(fragment.last, fragment.first)
        return fragment

    def _join(self, left: _Fragment, right: _Fragment) -> _Fragment:
        self._budget.charge(1)
        self._link(left.last, right.first)
        first, last = left.first, right.last
        if left.empty is not self._nothing:
            behind = zip(left.first, right.first, left.empty, strict=True)
            first = [own | other & self._places(kinds) for own, other, kinds in behind]
        if right.empty is not self._nothing:
            before = enumerate(zip(left.last, right.last, strict=True))
            last = [own | other & self._places(_before(right, kind)) for kind, (other, own) in before]
        empty = self._nothing
        if left.empty is not empty and right.empty is not empty:
            empty = [one & other for one, other in zip(left.empty, right.empty, strict=True)]
        return _Fragment(first, last, empty)

    def _link(self, lasts: list[int], firsts: list[int]) -> None:
        """Let each of ``lasts`` be followed by those of ``firsts`` that its kind and theirs allow."""
        everywhere = lasts.count(lasts[EDGE]) == len(lasts)
        allowed = -1
        for place in _bits(lasts[EDGE] if everywhere else _all_of(lasts)):
            self._budget.charge(1)
            if not everywhere:
                allowed = self._places(sum(1 << kind for kind, each in enumerate(lasts) if each >> place & 1))
            self._follows[place] |= firsts[self._place_kinds[place]] & allowed

    def _places(self, kinds: int) -> int:
        """All places of ``kinds``."""
        if kinds == self._all:
            return -1
        return _all_of([places for kind, places in enumerate(self._of_kind) if kinds >> kind & 1])


_LINE_POINTS = {Assertion.LINE_START, Assertion.LINE_END}
_WORD_POINTS = {Assertion.WORD_START, Assertion.WORD_END, Assertion.WORD_EDGE, Assertion.NO_WORD_EDGE}


def _kinds(*, newlines: bool, words: bool) -> list[int]:
    """A partition of all bytes that tells apart what anchors tell apart."""
    special = [_NEWLINE] * newlines + [WORD] * words
    return [*special, ALL & ~_all_of(special)]


def _tests(kinds: list[int]) -> dict[Assertion, list[int]]:
    """For each point: by the kind before, the kinds behind with which it is there."""
    word = [accepted == WORD for accepted in kinds]
    edge = [kind == EDGE for kind in range(len(kinds))]
    line = [accepted in {0, _NEWLINE} for accepted in kinds]  # 0: the edge has no bytes
    tests: dict[Assertion, Callable[[int, int], bool]] = {
        Assertion.LINE_START: lambda before, _: line[before],
        Assertion.LINE_END: lambda _, behind: line[behind],
        Assertion.TEXT_START: lambda before, _: edge[before],
        Assertion.TEXT_END: lambda _, behind: edge[behind],
        Assertion.WORD_START: lambda before, behind: not word[before] and word[behind],
        Assertion.WORD_END: lambda before, behind: word[before] and not word[behind],
        Assertion.WORD_EDGE: lambda before, behind: word[before] != word[behind],
        Assertion.NO_WORD_EDGE: lambda before, behind: word[before] == word[behind],
    }
    numbers = range(len(kinds))
    return {
        where: [sum(1 << behind for behind in numbers if test(before, behind)) for before in numbers]
        for where, test in tests.items()
    }


def _before(fragment: _Fragment, behind: int) -> int:
    """The kinds before it with which a fragment may be nothing before a byte of the kind ``behind``."""
    return sum(1 << kind for kind, kinds in enumerate(fragment.empty) if kinds >> behind & 1)


def _classes(parts: list[int]) -> bytes:
    classes = bytearray(256)  # the first part is the largest most often, and need not be written
    for number, part in enumerate(parts[1:], 1):
        for byte in _bits(part):
            classes[byte] = number
    return bytes(classes)


def _all_of(sets: list[int]) -> int:
    return [*accumulate(sets, int.__or__, initial=0)][-1]


def _united(one: list[int], other: list[int]) -> list[int]:
    return [a | b for a, b in zip(one, other, strict=True)]


def _bits(number: int) -> Iterator[int]:
    """The places of the bits that are set."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
