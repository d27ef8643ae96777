"""A row of the table of commands."""

from __future__ import annotations

from asadm.target.types import FUNCTION, UDF

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable

LIKE, FOR, WITH, DIFF = "[like PATTERN...]", "[for NAMESPACE [SET]]", "[with NODE...]", "[diff]"
FOR_NAMESPACE = "[for NAMESPACE]"
"""Clauses of the commands that show figures; see `asadm.commands.modifiers`."""


class CommandRow:  # plain class: dataclasses cost more to import than the whole run
    """One command.

    ``words``       what is typed: ``manage udfs add``; every word may be shortened while it stays unambiguous
    ``module``      dotted name of the file that runs it
    ``names``       words that follow, in order: ``NAME``, ``[NAME]`` where it may be left out, and last perhaps
                    ``NAME...`` or ``[NAME...]`` for any number of them
    ``clauses``     keywords with their words: ``path PATH`` takes one word, ``[with NODE...]`` may be left out and
                    takes one or more, ``[for NAMESPACE [SET]]`` one or two, ``[diff]`` none; in any order. ``[-- ARG...]``
                    takes all that follows, also what looks like a flag
    ``rest``        takes all that follows as it stands, as ``watch`` does; its name in the grammar
    ``privileged``  must be enabled first
    ``local``       is not about any node
    ``group``       its words begin other commands too: it is what they mean where none of these follows, as ``info`` does
    """

    __slots__ = (
        "clauses", "example", "group", "local", "module", "names", "privileged", "rest", "summary", "words",
    )  # fmt: skip

    def __init__(
        self,
        words: str,
        module: str,
        summary: str,
        example: str,
        *,
        names: tuple[str, ...] = (),
        clauses: tuple[str, ...] = (),
        rest: str = "",
        privileged: bool = False,
        local: bool = False,
        group: bool = False,
    ) -> None:
        self.words = tuple(words.split())
        self.module = module
        self.summary = summary
        self.example = example
        self.names = names
        self.clauses = clauses
        self.rest = rest
        self.privileged = privileged
        self.local = local
        self.group = group

    @property
    def name(self) -> str:
        """All words of the command as one text."""
        return " ".join(self.words)

    @property
    def family(self) -> str:
        """Which types of clusters it is for, see `asadm.target.types`."""
        return FUNCTION if self.words[0] == FUNCTION else UDF

    @property
    def many(self) -> bool:
        """Whether any number of names may follow."""
        return bool(self.names) and "..." in self.names[-1]

    @property
    def keywords(self) -> list[str]:
        """The words that begin its clauses."""
        return [clause.strip("[]").split()[0] for clause in self.clauses]

    @property
    def grammar(self) -> str:
        """How the command is written, without its flags: ``manage udfs add NAME path PATH``."""
        return " ".join([*self.words, *self.names, *self.clauses, *([self.rest] if self.rest else [])])


def table(rows: Iterable[CommandRow]) -> tuple[CommandRow, ...]:
    """``rows`` as they are; raises ValueError when two commands have the same words, or one begins another."""
    kept: dict[tuple[str, ...], CommandRow] = {}
    begun: dict[tuple[str, ...], CommandRow] = {}
    for row in rows:
        beginnings = [row.words[:size] for size in range(1, len(row.words) + 1)]
        begins = None if row.group else begun.get(row.words)
        other = begins or next((kept[each] for each in beginnings if _hides(kept.get(each), row)), None)
        if other is not None:
            raise ValueError(f"command {row.name!r} is declared twice, or hides {other.name!r}")
        kept[row.words] = row
        begun.update(dict.fromkeys(beginnings, row))
    return tuple(kept.values())


def _hides(other: CommandRow | None, row: CommandRow) -> bool:
    """Whether ``row`` could not be typed for ``other``, whose words begin it or are the same."""
    return other is not None and not (other.group and other.words != row.words)
