"""Names that were last seen on a cluster, for completion, which asks no node: of modules, namespaces, parameters and statistics.

Modules are those of the last survey. There is a small file in the state directory for each cluster that has a name, and for each
node of one that has none.
"""

from __future__ import annotations

import os

from asadm import state

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

NODES_MAX = 16
"""Files that are written for a cluster without a name: of more nodes, nobody types all addresses."""

NAMES_MAX = 3_000
"""Names that are kept: a server of 8.1 has some 500 statistics of a namespace."""

FILES_MAX = 400
"""Files that are kept of a kind: tests on ports that the system chooses would leave one after the other."""


def note(noun: str, cluster: str, addresses: Sequence[str], names: Iterable[bytes]) -> None:
    """Keep ``names``, without those that would steer a terminal; ``noun`` is what servers call one of them."""
    texts = sorted(name for name in map(os.fsdecode, names) if name.isprintable())
    content = "".join(f"{name}\n" for name in texts).encode()
    for place in [cluster] if cluster else addresses[:NODES_MAX]:
        kept = state.read(_kind(noun), state.quoted(place))
        if kept is None:
            _make_room(_kind(noun))
        if kept != content:
            state.write(_kind(noun), state.quoted(place), content)


def add(noun: str, cluster: str, addresses: Sequence[str], found: Iterable[str]) -> None:
    """Keep ``found`` too, beside what was kept before: a command seldom asks for everything."""
    known = names(noun, [cluster] if cluster else addresses[:NODES_MAX])
    every = dict.fromkeys([*found, *known])
    note(noun, cluster, addresses, map(os.fsencode, list(every)[:NAMES_MAX]))


def names(noun: str, places: Collection[str]) -> list[str]:
    """What was seen in all of ``places``: the name of a cluster, or addresses of nodes."""
    contents = [state.read(_kind(noun), state.quoted(place)) or b"" for place in places]
    return sorted({name for content in contents for name in content.decode("utf-8", "replace").splitlines()})


def _make_room(kind: str) -> None:
    """Forget the older half of the files where there are too many."""
    found = state.names(kind)
    if len(found) >= FILES_MAX:
        found.sort(key=lambda name: state.written_at(kind, name))
        state.remove(kind, found[: FILES_MAX // 2])


def _kind(noun: str) -> str:
    return f"seen-{noun}"
