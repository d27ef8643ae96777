"""What ``show config`` and ``show statistics`` have in common: the words after them, and the tables of values that they show."""

from __future__ import annotations

from asadm import seen_names
from asadm.commands.modifiers import FigureSelection, flipped, one_of
from asadm.commands.table_outcome import tables_outcome
from asadm.outcome import FAILED, exit_code
from asadm.target.aerospike.views.contexts import EVERYTHING, ContextRequest, PartSelection, tables
from asinfo.errors import UsageError
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.outcome import CommandOutcome, NodeAnswer
    from asadm.statement import CommandArguments
    from asadm.tables.values import ValueTable
    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo
    from asadm.target.aerospike.views.contexts import Context

REPEAT = Option("repeat", "r", kind="flag", ignored="the names of nodes stand once, at the top of the table")
"""Of the vendor's asadm: it repeats the names of nodes beside each screen of columns."""


NOUNS = {"config": "parameter", "statistics": "statistic"}
"""What the names of tables are called for completion."""


def remember(
    cluster: AerospikeCluster, kind: str, found: Sequence[NodeInfo], made: Sequence[ValueTable]
) -> None:
    """Keep the names that nodes told, for completion."""
    read = [info.answer.node.address for info in found if info.good]
    if not read:
        return
    seen_names.add(NOUNS[kind], cluster.name, read, [name for table in made for name in table.names])
    seen_names.add("namespace", cluster.name, read, [name for info in found for name in info.namespaces])


class ValueRequest:
    """What was asked for.

    ``kind``      of values, in the names of tables
    ``requests``  the contexts, and what of each
    ``words``     the selection by ``like``, ``for`` and names
    ``names``     of the part of the context, as they were typed
    ``diff``      only names whose values are not the same on all nodes
    ``flip``      nodes down and names across
    ``matched``   whether ``for``, where it was given, chose anything of what nodes said
    """

    __slots__ = ("_for", "diff", "flip", "kind", "matched", "names", "requests", "words")

    def __init__(self, kind: str, contexts: Sequence[Context], arguments: CommandArguments) -> None:
        """Raises UsageError."""
        self.kind = kind
        self.diff = "diff" in arguments.clauses
        self.flip = flipped(arguments)
        self._for = for_ = arguments.clauses.get("for", [])
        self.matched = True
        try:
            chosen, names = _chosen(kind, contexts, arguments.names, for_)
        except UsageError as error:
            raise UsageError(f"show {kind}: {error}") from None
        self.words = FigureSelection(arguments.clauses.get("like", []), for_, names=names)
        self.names = list(names)
        some = PartSelection(self.words.namespace, self.words.set)
        self.requests = [
            ContextRequest(context, some if names or (for_ and context.by_for) else EVERYTHING)
            for context in chosen
        ]

    def tables(self, found: Sequence[NodeInfo]) -> list[ValueTable]:
        """What nodes said, as it is wanted but for `diff`; none without a name, but for one that has the reasons of all nodes."""
        made = [table for request in self.requests for table in tables(self.kind, found, request)]
        self.matched = not self._for or any(table.keys for table in made)
        for table in made:
            table.keep(self.words.like)
            table.flipped = self.flip
        if not any(info.good for info in found):
            return made[:1]
        return [table for table in made if table.names]

    def outcome(self, answers: Sequence[NodeAnswer], made: Sequence[ValueTable]) -> CommandOutcome:
        """The tables for a person and for JSON; with ``diff`` what differs of them."""
        if not made or not self.diff or not any(answer.good for answer in answers):
            return self._found(answers, made)
        count = sum(len(table.names) for table in made)
        for table in made:
            table.keep(set(table.differing()).__contains__)
        differing = [table for table in made if table.names]
        read = sum(answer.good for answer in answers)
        same = f"nothing differs: {count} values are the same on {read} node{'' if read == 1 else 's'}"
        outcome = tables_outcome(answers, differing, nothing=same)
        outcome.code = exit_code(answers)
        return outcome

    def _found(self, answers: Sequence[NodeAnswer], made: Sequence[ValueTable]) -> CommandOutcome:
        """``made``; where contexts without namespaces are shown and ``for`` chose nothing, that is told, and no success."""
        if self.matched or not made or not any(answer.good for answer in answers):
            return tables_outcome(answers, made, nothing=self.nothing)
        told = f"for: no namespace matches {' '.join(map(repr, self._for))}"
        return tables_outcome(answers, made, messages=[told], code=FAILED)

    @property
    def nothing(self) -> str:
        """What to say where there is no table."""
        context = self.requests[0].context
        absent = context.absent if len(self.requests) == 1 else ""
        if absent and not self.words.words:
            return absent
        if not self.names:
            return f"{self.words.nothing}; {absent}" if absent and context.optional else self.words.nothing
        missing = f"no node has a {context.words[len(self.names) - 1].lower()} {self.names[-1]!r}"
        return f"{missing} with a name that matches" if self.words.like else missing


def _chosen(
    kind: str, contexts: Sequence[Context], words: Sequence[str], for_: Sequence[str]
) -> tuple[Sequence[Context], Sequence[str]]:
    """The contexts that ``words`` name, and the names of the part of it that is wanted. Raises UsageError, also for ``for`` that means nothing."""
    chosen, names = _named(kind, contexts, words)
    if for_ and not any(context.by_for for context in chosen):
        raise UsageError(f"{chosen[0].name}: for chooses among namespaces, and it has none")
    if for_ and names:
        raise UsageError(f"{names[0]!r} is chosen by its name: leave for out")
    return chosen, names


def _named(
    kind: str, contexts: Sequence[Context], words: Sequence[str]
) -> tuple[Sequence[Context], Sequence[str]]:
    """The contexts that ``words`` name, and the names behind them. Raises UsageError."""
    if not words:
        return [context for context in contexts if context.usual], []
    known = {context.name: context for context in contexts}
    context = known[one_of(words[0], list(known), "context")]
    names = words[1:]
    if len(names) > len(context.words):
        wrong = names[len(context.words)]
        takes = f"takes {' and '.join(context.words)}" if context.words else "takes no name"
        hint = f"for names that match: show {kind} {context.name} like {wrong}"
        raise UsageError(f"unexpected {wrong!r}: {context.name} {takes}; {hint}")
    return [context], names
