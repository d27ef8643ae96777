"""Modules by nodes: which node has which version, as a matrix, as lines, as JSON."""

from __future__ import annotations

from asadm.fleet.observed.grouping import count, gather, named, short
from asadm.fleet.observed.survey import coverage, unknown
from asadm.fleet.observed.unread import failures
from asinfo.terminal.render import Cell, Sheet
from asinfo.text import text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from asadm.fleet.desired.directory import ModuleDirectory
    from asadm.fleet.observed.served import ServedModules
    from asadm.fleet.observed.survey import Survey
    from asadm.target.results import Listing, NodeRole
    from asinfo.exchange import Endpoint

SAME = "same"
OTHER = "other"
MISSING = "missing"
EXTRA = "extra"
DAMAGED = "damaged"

VERSIONS_MAX = 60
"""Rows about versions that a terminal gets below the matrix: more would push it out of sight."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""Other versions of a module, the commonest first; later ones are all z."""

MARKS = {SAME: "good", OTHER: "changed", MISSING: "bad", EXTRA: "changed", DAMAGED: "bad"}
UNREAD = Cell("?", "bad")
_SIGNS = {SAME: "=", DAMAGED: "!"}


class ModuleStatus:
    """One module: the hash that counts as right, what each node has, and a letter for every other version."""

    __slots__ = ("hashes", "letters", "name", "states", "usual")

    def __init__(
        self,
        name: bytes,
        survey: Survey,
        directory: ModuleDirectory | None,
        damaged: Collection[Endpoint] = (),
    ) -> None:
        self.name = name
        self.hashes = survey.hashes(name)
        read = [listing.read for listing in survey.listings]
        versions = [digest for digest in gather(self.hashes) if digest is not None]
        source = directory.sources.get(name) if directory else None
        self.usual = source.hash if source else versions[0] if versions and not directory else None
        others = [digest for digest in versions if digest != self.usual]
        self.letters = {digest: LETTERS[min(number, 25)] for number, digest in enumerate(others)}
        self.states = [
            self._state(digest, ours=directory is None or source is not None) if known else None
            for digest, known in zip(self.hashes, read, strict=True)
        ]
        for position, listing in enumerate(survey.listings):
            if listing.node in damaged:
                self.states[position] = DAMAGED

    def _state(self, digest: str | None, *, ours: bool) -> str:
        if not ours:
            return SAME if digest is None else EXTRA
        if digest is None:
            return MISSING
        return SAME if digest == self.usual else OTHER

    @property
    def agreed(self) -> bool:
        """Whether all nodes that were read have it right."""
        return not set(self.states) - {SAME, None}

    def cell(self, position: int) -> Cell:
        """One node's version in one character."""
        state, digest = self.states[position], self.hashes[position]
        if state is None:
            return UNREAD
        if digest is None:
            # Nobody wants a module on the node that the directory does not have.
            return Cell("-", MARKS[MISSING] if self.usual else "quiet")
        if state == DAMAGED:
            return Cell("!", MARKS[state])
        return Cell("=" if state == SAME else self.letters[digest], MARKS[state])


class StatusMatrix:
    """All modules of the nodes, and of ``directory`` when the nodes are compared with one.

    ``served`` is what the nodes serve, where that was read; else they are believed what they list.
    """

    __slots__ = ("directory", "modules", "served", "survey")

    def __init__(
        self, survey: Survey, directory: ModuleDirectory | None = None, served: ServedModules | None = None
    ) -> None:
        self.survey = survey
        self.directory = directory
        self.served = served
        damaged = served.wrong() if served else {}
        wanted = list(directory.sources) if directory else []
        names = sorted(
            name
            for name in {*wanted, *survey.names()}
            if name in wanted or not (directory and directory.kept(name))
        )
        self.modules = [ModuleStatus(name, survey, directory, damaged.get(name, ())) for name in names]

    @property
    def agreed(self) -> bool:
        """Whether all nodes that were read have all modules right."""
        return all(module.agreed for module in self.modules)

    def document(self) -> dict[str, object]:
        """What the JSON document says beside the nodes, and of each node."""
        from asadm.display import node

        roles = _roles_by_address(self.survey.nodes())
        return {
            "directory": self.directory.path if self.directory else None,
            "verified": self.served.complete if self.served else False,
            "modules": [
                {
                    "name": text(module.name),
                    "hash": module.usual,
                    **{
                        state: module.states.count(state)
                        for state in MARKS
                        if state != DAMAGED or self.served is not None
                    },
                }
                for module in self.modules
            ],
            "nodes": [
                {
                    **node(listing.answer),
                    **({"lag": _lag(listing.node.role, roles)} if roles else {}),
                    "modules": self._of(position) if listing.read else None,
                }
                for position, listing in enumerate(self.survey.listings)
            ],
        }

    def _of(self, position: int) -> list[dict[str, object]]:
        return [
            {"name": text(module.name), "state": module.states[position], "hash": module.hashes[position]}
            for module in self.modules
        ]


def lines(status: StatusMatrix) -> Sheet:
    """One line a module and node, and one for each node that was not read."""
    nodes = status.survey.nodes()
    names = [node.name for node in nodes]
    roles = [[Cell(node.role.kind if node.role else None)] if _have_roles(nodes) else [] for node in nodes]
    rows: list[list[Cell]] = []
    for module in status.modules:
        name = Cell(text(module.name))
        rows.extend(
            [name, Cell(names[position]), *roles[position], Cell(state), Cell(module.hashes[position])]
            for position, state in enumerate(module.states)
            if state is not None
        )
    rows.extend(
        [Cell("*"), Cell(node.name), *roles[nodes.index(node)], Cell("not verified"), Cell(reason)]
        for node, reason in (status.served.silent.items() if status.served else ())
    )
    rows.extend(
        [
            Cell("*"),
            Cell(listing.node.name),
            *roles[position],
            Cell(listing.answer.status),
            Cell(listing.answer.error),
        ]
        for position, listing in enumerate(status.survey.listings)
        if not listing.read
    )
    role = ["Role"] if _have_roles(nodes) else []
    return Sheet("", [status.survey.noun.capitalize(), "Node", *role, "State", "Hash"], rows)


def _have_roles(nodes: Sequence[Endpoint]) -> bool:
    """Whether the servers are of a kind of which some follow others."""
    return any(node.role is not None for node in nodes)


def _roles(status: StatusMatrix) -> list[Sheet]:
    """A row for each node with its role, behind its primary; none where nodes have no roles."""
    nodes = status.survey.nodes()
    if not _have_roles(nodes):
        return []
    roles = _roles_by_address(nodes)
    rows = [_role(listing, roles) for listing in status.survey.listings]
    more = len(rows) - VERSIONS_MAX
    note = f"{more} more nodes: a pipe shows all" if more > 0 else ""
    return [
        Sheet(
            "", ["Node", "Role", "Primary", "Version", "Slots", "Behind", "State"], rows[:VERSIONS_MAX], note
        )
    ]


def _roles_by_address(nodes: Sequence[Endpoint]) -> dict[str, NodeRole]:
    """Empty where nodes have no roles."""
    return {node.address: node.role for node in nodes if node.role is not None}


def _lag(role: NodeRole | None, roles: dict[str, NodeRole]) -> int | None:
    """How many bytes a replica is behind its primary, as far as they were asked at the same moment; None where it is not known."""
    primary = roles.get(role.primary) if role is not None else None
    if role is None or primary is None or not (primary.offset and role.offset):
        return None
    return max(0, primary.offset - role.offset)


def _role(listing: Listing, roles: dict[str, NodeRole]) -> list[Cell]:
    role: NodeRole | None = listing.node.role
    state = Cell(listing.answer.status, "good" if listing.read else "bad")
    if role is None:
        return [Cell(listing.node.name), *[Cell(None)] * 5, state]
    lag = _lag(role, roles)
    slots = str(role.slots) if role.takes_changes and role.slots else None
    return [
        Cell(listing.node.name),
        Cell(role.kind),
        Cell(role.primary or None),
        Cell(f"{role.product} {role.version}".strip() or None),
        Cell(slots),
        Cell(None if lag is None else f"{lag} B"),
        state,
    ]


def sheets(status: StatusMatrix, width: int) -> list[Sheet]:
    """The matrix for a terminal of ``width`` columns, its legend, and the nodes that were not read."""
    found = [_matrix(status, width)]
    versions = _versions(status)
    if versions:
        more = len(versions) - VERSIONS_MAX
        note = f"{more} more rows: a pipe shows all" if more > 0 else ""
        found.append(
            Sheet(
                "",
                [status.survey.noun.capitalize(), "Version", "Hash", "Nodes"],
                versions[:VERSIONS_MAX],
                note,
            )
        )
    return [*found, *_roles(status), *failures(status.survey)]


def _matrix(status: StatusMatrix, width: int) -> Sheet:
    nodes = status.survey.nodes()
    columns = [[position] for position in range(len(nodes))]
    heads = [node.name for node in nodes]
    if _width(status, heads) > width:
        # Nodes with the same versions of everything share a column.
        columns = list(gather(_column(status, position) for position in range(len(nodes))).values())
        heads = [_head(nodes, positions) for positions in columns]
    left = 0
    while len(columns) > 1 and _width(status, heads) > width:
        left += len(columns.pop())
        heads.pop()
    rows = [
        [Cell(text(module.name)), *(module.cell(positions[0]) for positions in columns)]
        for module in status.modules
    ]
    return Sheet(_title(status), [status.survey.noun.capitalize(), *heads], rows, _legend(status, left))


def _head(nodes: Sequence[Endpoint], positions: Sequence[int]) -> str:
    return nodes[positions[0]].name if len(positions) == 1 else f"{len(positions)} nodes"


def _column(status: StatusMatrix, position: int) -> tuple[str | None, ...] | str:
    """What makes two nodes alike: their versions of all modules, or that they were not read."""
    listing = status.survey.listings[position]
    if not listing.read:
        return "unread"
    return tuple(
        DAMAGED if module.states[position] == DAMAGED else module.hashes[position]
        for module in status.modules
    )


def _width(status: StatusMatrix, heads: Sequence[str]) -> int:
    first = max((len(text(module.name)) for module in status.modules), default=6)
    return max(first, 6) + sum(2 + len(head) for head in heads)


def _title(status: StatusMatrix) -> str:
    survey = status.survey
    if not survey.read:
        return unknown(len(survey.listings))
    wrong = sum(not module.agreed for module in status.modules)
    modules, nodes = (
        count(len(status.modules), status.survey.noun),
        coverage(survey.read - _unheard(status), len(survey.listings)),
    )
    bytes_too = ", bytes compared" if status.served else ""
    agreed = "all the same" if survey.complete else "all the same there"
    return f"{modules} on {nodes}, {f'{wrong} not the same everywhere' if wrong else agreed}{bytes_too}"


def _unheard(status: StatusMatrix) -> int:
    """How many nodes listed their modules and did not let them be read."""
    return len(status.served.silent) if status.served else 0


def _legend(status: StatusMatrix, left: int) -> str:
    what = "as in the directory" if status.directory else "what most nodes have"
    damaged = "   ! serves other bytes than it lists" if status.served else ""
    legend = f"= {what}   a b c another version   - missing   ? not read{damaged}"
    return f"{legend}   ({left} more nodes in a wider window, or in a pipe)" if left else legend


def _versions(status: StatusMatrix) -> list[list[Cell]]:
    """A row for each situation of each module that is not the same everywhere."""
    return [row for module in status.modules for row in _situations(status, module)]


def _situations(status: StatusMatrix, module: ModuleStatus) -> Iterator[list[Cell]]:
    if module.agreed:
        return
    nodes = status.survey.nodes()
    for (state, digest), positions in gather(zip(module.states, module.hashes, strict=True)).items():
        if state is not None and (digest is not None or module.usual):
            sign = _SIGNS.get(state) or ("-" if digest is None else module.letters[digest])
            yield [
                Cell(text(module.name)),
                Cell(f"{sign} {state}", MARKS[state]),
                Cell(short(digest)),
                Cell(named(nodes, positions)),
            ]
