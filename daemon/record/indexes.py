"""Secondary indexes: which bins may be asked for by their values.

An index is its definition and nothing more: a query by its bin looks through the records of the set. That takes the
time of a scan, is never behind, and costs writes nothing. Definitions are kept by system metadata, as
NAMESPACE|NAME = a JSON list of set, bin, kind and type, which hands them over at the start and to every node.
"""

from __future__ import annotations

from json import dumps, loads
from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.particle import BLOB, INTEGER, STRING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.record.namespace import Namespace
    from daemon.smd.interface import Item

KINDS = {"numeric": INTEGER, "string": STRING, "blob": BLOB}
"""What an index is on, and the particle type of those values."""

TYPES = ("default", "list", "mapkeys", "mapvalues")
"""Where in a bin the values are, in the order of the wire's numbers: the bin, its elements, keys, or values."""


class Index(NamedTuple):
    """A definition; ``set_name`` is empty for all sets."""

    set_name: str
    bin_name: str
    kind: str
    type: str

    def covers(self, set_name: bytes, bin_name: bytes, particle: int, type_: int) -> bool:
        """Whether a query may ask for values of this particle type, in this bin of this set."""
        own = self.set_name.encode("utf-8", "surrogateescape")
        return (
            own in {b"", set_name}
            and self.bin_name.encode("utf-8", "surrogateescape") == bin_name
            and KINDS[self.kind] == particle
            and TYPES.index(self.type) == type_
        )


def key_of(namespace: bytes, name: bytes) -> str:
    """The key of an index in system metadata."""
    return (namespace + b"|" + name).decode("utf-8", "surrogateescape")


def value_of(index: Index) -> str:
    """The value of an index in system metadata."""
    return dumps(index)


def accept(namespaces: Mapping[bytes, Namespace], items: Sequence[Item]) -> None:
    """Take over changed definitions from system metadata; what is none, or of another namespace, is not ours."""
    for item in items:
        name, _, index_name = item.key.encode("utf-8", "surrogateescape").partition(b"|")
        space = namespaces.get(name)
        if space is None:
            continue
        index = _read(item.value)
        if index is None:
            space.indexes.pop(index_name, None)
        else:
            space.indexes[index_name] = index


def _read(value: str | None) -> Index | None:
    try:
        parts = loads(value or "null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(parts, list) or len(parts) != 4 or not all(isinstance(part, str) for part in parts):
        return None
    index = Index(*parts)
    return index if index.kind in KINDS and index.type in TYPES else None
