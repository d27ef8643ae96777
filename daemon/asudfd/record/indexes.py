"""Secondary indexes: the definitions of the bins that queries may select by value.

An index is its definition and nothing more: a query by its bin looks through the records of the set. That takes the
time of a scan, is never behind, and costs writes nothing. Definitions are kept by system metadata, as
NAMESPACE|NAME = a JSON list of set, bin, kind and type, and of context and expression where there is one, which hands them
over at the start and to every node.
"""

from __future__ import annotations

from base64 import b64decode
from json import dumps
from typing import NamedTuple

from asinfo.decode import decode_json
from asinfo.wire.particle import BLOB, GEOJSON, INTEGER, STRING

KINDS = {"numeric": INTEGER, "string": STRING, "blob": BLOB, "geo2dsphere": GEOJSON}
"""What an index is on, and the particle type of those values."""

TYPES = ("default", "list", "mapkeys", "mapvalues")
"""Where in a bin the values are, in the order of the wire's numbers: the bin, its elements, keys, or values."""


_KIND_LETTERS = {"numeric": "I", "string": "S", "blob": "B", "geo2dsphere": "G"}
_TYPE_LETTERS = {"default": ".", "list": "L", "mapkeys": "K", "mapvalues": "V"}
"""How the real server's system metadata writes them."""


class IndexedValue(NamedTuple):
    """What an index is on: a bin, or what is within it, or an expression; particle type, and the number of the type."""

    bin_name: bytes
    particle: int
    type: int
    context: bytes = b""
    expression: bytes = b""


class Index(NamedTuple):
    """A definition; ``set_name`` is empty for all sets.

    ``context`` is the way to a value within the bin, empty for the bin itself; ``expression`` is what gives the value where there
    is no bin. Both are packed and in base64.
    """

    set_name: str
    bin_name: str
    kind: str
    type: str
    context: str = ""
    expression: str = ""

    def covers(self, set_name: bytes, asked: IndexedValue) -> bool:
        """Whether a query of a set may ask for these values."""
        own = self.set_name.encode("utf-8", "surrogateescape")
        return own in {b"", set_name} and self.value == asked

    @property
    def value(self) -> IndexedValue:
        """What it is on."""
        name = self.bin_name.encode("utf-8", "surrogateescape")
        context, expression = b64decode(self.context), b64decode(self.expression)
        return IndexedValue(name, KINDS[self.kind], TYPES.index(self.type), context, expression)


def key_of(namespace: bytes, name: bytes) -> str:
    """The key of an index in system metadata."""
    return (namespace + b"|" + name).decode("utf-8", "surrogateescape")


def value_of(index: Index) -> str:
    """The value of an index in system metadata."""
    size = 6 if index.expression else 5 if index.context else 4
    return dumps(index[:size])


def shown(key: str, value: str) -> str:
    """An item of system metadata as the real server shows it: NAMESPACE|SET|BIN|TYPE|KIND=NAME.

    What is no definition is shown as it is.
    """
    namespace, _, name = key.partition("|")
    try:
        index = read(value)
    except ValueError:
        return f"{key}={value}"
    letters = f"{_TYPE_LETTERS[index.type]}|{_KIND_LETTERS[index.kind]}"
    if index.context:
        letters = f"c{index.context}|{letters}"
    return f"{namespace}|{index.set_name}|{index.bin_name}|{letters}={name}"


def read(value: str) -> Index:
    """The definition that ``value`` is. Raises ValueError."""
    parts = decode_json(value, escaped_bytes=True)
    if (
        not isinstance(parts, list)
        or len(parts) not in {4, 5, 6}
        or not all(isinstance(part, str) for part in parts)
    ):
        raise ValueError("is no list of four to six texts")
    index = Index(*parts)
    if index.kind not in KINDS or index.type not in TYPES:
        raise ValueError("is of a kind or type that there is not")
    for base64 in (index.context, index.expression):
        b64decode(base64, validate=True)
    return index
