"""Values by name of one context of a node, such as its configuration of the network or the statistics of its sets.

A context may have several tables: one for each namespace, set or index that any node has. All contexts that are wanted are asked
for in one conversation.
"""

from __future__ import annotations

from asadm.tables.values import ValueTable
from asadm.target.aerospike.views.asking import ask
from asadm.target.aerospike.views.namespaces import every

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo

    Wanted = Callable[[str], bool]

    Follow = Callable[[NodeInfo, "PartSelection"], Sequence[str]]
    """The commands of the second request."""

    Parts = Callable[[NodeInfo, "PartSelection"], "dict[tuple[str, ...], Said]"]
    """What a node says of each part of a context."""

    Said = Mapping[str, str] | str
    """Values by name; or the reason for which there are none."""


class PartSelection:
    """Which parts are wanted: patterns of the namespace (the section, the data center), and of the set or index in it."""

    __slots__ = ("inner", "outer")

    def __init__(self, outer: Wanted, inner: Wanted) -> None:
        self.outer = outer
        self.inner = inner


EVERYTHING = PartSelection(every, every)
"""All parts."""


class Context:
    """One context.

    ``name``      as it is typed
    ``title``     of its tables; ``{}`` stands for the words of the part
    ``keys``      what the words of a part are, for JSON; none for a context that has a single part
    ``words``     what may be typed after it to mean one part
    ``by_for``    ``for`` chooses among its parts
    ``commands``  of the first request, ``follow`` makes those of the second
    ``parts``     reads what a node said
    ``absent``    said where no node has anything of it
    ``optional``  some servers do not know its command, which is no failure
    ``usual``     shown where no context is named
    """

    __slots__ = (
        "absent", "by_for", "commands", "follow", "keys", "name", "optional", "parts", "title", "usual", "words",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        title: str,
        commands: Sequence[str],
        parts: Parts,
        *,
        keys: Sequence[str] = (),
        words: Sequence[str] = (),
        by_for: bool = False,
        follow: Follow | None = None,
        absent: str = "",
        optional: bool = False,
        usual: bool = False,
    ) -> None:
        self.name = name
        self.title = title
        self.keys = tuple(keys)
        self.words = tuple(words)
        self.by_for = by_for
        self.commands = tuple(commands)
        self.follow = follow
        self.parts = parts
        self.absent = absent
        self.optional = optional
        self.usual = usual


def said(info: NodeInfo, command: str, separator: str = ";") -> Said:
    """What the node answered to ``command``: values, or why there are none."""
    from asadm.target.aerospike.views.asking import pairs

    text = info.text(command)
    return info.error(command) or "" if text is None else pairs(text, separator)


def whole(command: str) -> Parts:
    """The answer to ``command`` is the only part; none where it is empty."""

    def parts(info: NodeInfo, _: PartSelection) -> dict[tuple[str, ...], Said]:
        found = said(info, command)
        return {(): found} if found else {}

    return parts


def follow_namespaces(command: Callable[[str], str]) -> Follow:
    """Asks ``command`` of each namespace that is wanted."""

    def follow(info: NodeInfo, selection: PartSelection) -> list[str]:
        return [command(name) for name in info.namespaces if selection.outer(name)]

    return follow


def each_namespace(command: Callable[[str], str]) -> Parts:
    """A part for each namespace that is wanted: the answer to its ``command``."""

    def parts(info: NodeInfo, selection: PartSelection) -> dict[tuple[str, ...], Said]:
        wanted = [name for name in info.namespaces if selection.outer(name)]
        return {(name,): said(info, command(name)) for name in wanted}

    return parts


class ContextRequest:
    """A context, and which of its parts are wanted."""

    __slots__ = ("context", "selection")

    def __init__(self, context: Context, selection: PartSelection) -> None:
        self.context = context
        self.selection = selection


def ask_all(cluster: AerospikeCluster, requests: Sequence[ContextRequest]) -> list[NodeInfo]:
    """Ask every node for everything in one conversation."""
    commands = list(dict.fromkeys(command for each in requests for command in each.context.commands))
    following = [(make, each.selection) for each in requests if (make := each.context.follow)]

    def follow(info: NodeInfo) -> list[str]:
        return list(
            dict.fromkeys(command for make, selection in following for command in make(info, selection))
        )

    found = ask(cluster, commands, follow if following else None)
    if all(each.context.optional for each in requests):
        for info in found:
            if info.answer.status == "error":  # it does not know the only command
                info.answer.status, info.answer.error = "ok", ""
    return found


def tables(kind: str, found: Sequence[NodeInfo], request: ContextRequest) -> list[ValueTable]:
    """A table for each part that any node has, or ought to have."""
    context = request.context
    parts = [context.parts(info, request.selection) if info.good else {} for info in found]
    keys = sorted({key for each in parts for key in each})
    if not any(info.good for info in found):
        keys = [()]  # to give the reasons
    made = [_table(kind, found, context, key, [each.get(key) for each in parts]) for key in keys]
    return [table for table in made if any(table.values) or not all(info.good for info in found)]


def _table(
    kind: str, found: Sequence[NodeInfo], context: Context, key: tuple[str, ...], parts: Sequence[Said | None]
) -> ValueTable:
    return ValueTable(
        f"{kind}_{context.name.replace('-', '_')}",
        context.title.format(" ".join(filter(None, key))).strip(),
        [info.answer for info in found],
        [None if isinstance(each, str) else each for each in parts],
        keys=dict(zip(context.keys, key, strict=False)),
        reasons={number: each for number, each in enumerate(parts) if isinstance(each, str) and each},
    )
