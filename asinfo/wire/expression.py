"""Expressions of field 43: from msgpack to a tree, each call with the number and kinds of arguments that it takes.

    [CODE, ARGUMENT...]    a call; so a list that is meant as a value stands in [126, LIST]
    anything else          a value; strings, bytes and geo JSON begin with 03, 04 and 17 as everywhere
    names, patterns        strings without such a byte: of bins and variables, of regular expressions
    [127, TYPE, MODULE, COMMAND, ARGUMENT]    an operation on a list, map, blob or HyperLogLog; its arguments are
                           expressions, too, but the path to what it is done in, [255, PATH, COMMAND], is not

Codes and types: what the C client writes.
"""

from __future__ import annotations

from contextlib import suppress
from struct import error as StructError  # noqa: N812 - an exception reads like one

from asinfo.errors import WireError
from asinfo.wire import msgpack
from asinfo.wire.cdt import IN_CONTEXT, PATHS
from asinfo.wire.extent import head, pass_over
from asinfo.wire.msgpack import GeoJSON, Raw, utf8
from asinfo.wire.particle import HLL as HLL_PARTICLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Node: TypeAlias = "Constant | Call"

VALUES_MAX = 300_000
"""Most values of all kinds in an expression: codes, names, and what is in lists and maps; each call, list and map
counts for `CONTAINER_VALUES` more. Ours: so much is read and compiled in some half a second, in a thread (short ones in the
event loop), and takes some 40 MiB while it is in the cache. A list of integers of 32 bits comes to `SIZE_MAX` before."""

CONTAINER_VALUES = 3

REGEX_NODES = 16
"""So many calls does a regular expression count for: to compile even a short one takes some 200 us."""

SIZE_MAX = 1 << 20
"""Largest expression in bytes; ours, since so many of them are kept. Clients' own have some hundred; HyperLogLogs and texts among the
constants make it many."""

EXPRESSION_PARTS_MAX = 2048
"""Most values and calls in one expression; ours, since all of them may be looked at for every record."""

NIL, BOOL, INTEGER, STRING, LIST, MAP, BLOB, FLOAT, GEOJSON, HLL = range(10)
"""Types of values."""

EQ, NE, GT, GE, LT, LE, REGEX, GEO, IN_LIST = range(1, 10)
AND, OR, NOT, EXCLUSIVE = range(16, 20)
ADD, SUB, MUL, DIV, POW, LOG, MOD, ABS, FLOOR, CEIL, TO_INT, TO_FLOAT = range(20, 32)
INT_AND, INT_OR, INT_XOR, INT_NOT, INT_LSHIFT, INT_RSHIFT, INT_ARSHIFT, INT_COUNT, INT_LSCAN, INT_RSCAN = (
    range(32, 42)
)
MIN, MAX = 50, 51
DIGEST_MOD, DEVICE_SIZE, LAST_UPDATE, SINCE_UPDATE, VOID_TIME, TTL, SET_NAME, KEY_EXISTS = range(64, 72)
IS_TOMBSTONE = 72
MEMORY_SIZE, RECORD_SIZE = 73, 74
KEY, BIN, BIN_TYPE = 80, 81, 82
REMOVAL, MAP_KEYS, MAP_VALUES = 100, 101, 102
UNKNOWN, ELEMENT, COND, VAR, LET, QUOTE, CALL = 0, 122, 123, 124, 125, 126, 127

ALL_CHILDREN = 4
"""A step of a path that leads to all elements of a list or map, or to those of which an expression is true."""

AND_CHILDREN = 0x200 | ALL_CHILDREN
"""A step of a path that stays where the one before it leads, with those elements of which an expression is true."""

_SHAPES: dict[int, str] = {
    **dict.fromkeys((EQ, NE, GT, GE, LT, LE, GEO, IN_LIST, POW, LOG, MOD), "ee"),
    **dict.fromkeys((INT_LSHIFT, INT_RSHIFT, INT_ARSHIFT, INT_LSCAN, INT_RSCAN), "ee"),
    **dict.fromkeys((NOT, ABS, FLOOR, CEIL, TO_INT, TO_FLOAT, INT_NOT, INT_COUNT), "e"),
    **dict.fromkeys((MAP_KEYS, MAP_VALUES), "e"),
    **dict.fromkeys((AND, OR, EXCLUSIVE), "ee*"),
    **dict.fromkeys((ADD, SUB, MUL, DIV, MIN, MAX, INT_AND, INT_OR, INT_XOR), "e*"),
    **dict.fromkeys((DEVICE_SIZE, LAST_UPDATE, VOID_TIME, TTL, SET_NAME, KEY_EXISTS), ""),
    **dict.fromkeys((SINCE_UPDATE, IS_TOMBSTONE, MEMORY_SIZE, RECORD_SIZE, UNKNOWN, REMOVAL), ""),
    REGEX: "ine",
    DIGEST_MOD: "i",
    ELEMENT: "ii",
    KEY: "i",
    BIN: "in",
    BIN_TYPE: "n",
    VAR: "n",
    COND: "eee*",
    CALL: "iice",
}
"""Arguments of a call: an expression, an integer, a name, a command; with a star any number of the last."""

_INT64 = 1 << 63
_HLL_BYTE = bytes([HLL_PARTICLE])

CALL_MODIFIES = 0x40
"""A bit of the number of a module in a CALL: the operation changes what it is done to, and gives that."""


class Unsupported(WireError):  # noqa: N818 - named for what it is
    """An expression as the protocol has it, with something that is not offered here."""


class Constant:
    """A value: bytes for strings and bytes, msgpack for lists and maps, else Python's own."""

    __slots__ = ("kind", "value")

    def __init__(self, kind: int, value: bool | float | bytes | None) -> None:
        self.kind = kind
        self.value = value


class Call:
    """A code with its arguments: expressions, integers, names (bytes) and commands, as the code has them."""

    __slots__ = ("arguments", "code")

    def __init__(self, code: int, arguments: list[Any]) -> None:
        self.code = code
        self.arguments = arguments


class CalledCommand:
    """The operation of a CALL: ``parts`` are its code and its arguments, packed values and expressions.

    ``before`` is what stands before them: where there is a path, that, else nothing.
    """

    __slots__ = ("before", "parts")

    def __init__(self, before: bytes, parts: list[bytes | Node]) -> None:
        self.before = before
        self.parts = parts

    def pack(self, parts: list[bytes]) -> bytes:
        """The command with all its parts packed."""
        return self.before + head(len(parts), of_map=False) + b"".join(parts)


class PathCommand:
    """A command on all elements that a path leads to: each of ``steps`` is a number and a packed value, or an expression.

    ``change`` is what an element becomes; ``parts`` is how many values and calls are in all its expressions.
    """

    __slots__ = ("change", "flags", "parts", "steps")

    def __init__(
        self, steps: list[tuple[int, bytes | Node]], flags: int, change: Node | None, parts: int
    ) -> None:
        self.steps = steps
        self.flags = flags
        self.change = change
        self.parts = parts


def decode(data: bytes) -> Node:
    """The expression that is the whole of ``data``.

    Raises WireError when it is none, and Unsupported for one that has too many values.
    """
    return ExpressionReader().read(data)


class ExpressionReader:
    """Reads expressions, all of which together may have so many bytes, values and calls."""

    __slots__ = ("_left", "_size_left", "_values_left")

    def __init__(self) -> None:
        self._left = EXPRESSION_PARTS_MAX
        self._size_left = SIZE_MAX
        self._values_left = VALUES_MAX

    def read(self, data: bytes) -> Node:
        """The expression that is the whole of ``data``. Raises as `decode`."""
        return self._node(self._value(data))

    def path(self, data: bytes) -> PathCommand:
        """The command on a path that is the whole of ``data``. Raises as `decode`."""
        command = [PATHS, *self._arguments_of(data)] if data.startswith(b"\0") else self._value(data)
        if not isinstance(command, list) or command[:1] != [PATHS]:
            raise WireError("a path that is none")
        return self._path(command)

    def _arguments_of(self, data: bytes) -> list[Any]:
        """Those of a command of old clients: its code stands in two bytes before them."""
        arguments = self._value(data[2:])
        if not isinstance(arguments, list):
            raise WireError("arguments that are no list")
        return arguments

    def _value(self, data: bytes) -> Any:
        self._size_left -= len(data)
        if self._size_left < 0:
            raise WireError(f"expressions of more than {SIZE_MAX} bytes")
        with suppress(IndexError, StructError):  # what is wrong with it the reader tells
            pass_over(data, 0, self._charge)
        return msgpack.unpack(data)

    def _charge(self, values: int) -> None:
        """Raise Unsupported for so many values, in constants too, that to read them takes too long."""
        self._values_left -= values + CONTAINER_VALUES
        if self._values_left < 0:
            raise Unsupported(
                f"more than {VALUES_MAX} values in one expression, with those in its lists and maps"
            )

    def _node(self, value: Any) -> Node:
        self._left -= 1
        if self._left < 0:
            raise WireError(f"more than {EXPRESSION_PARTS_MAX} values and calls in one expression")
        return self._call(value) if isinstance(value, list) else constant(value)

    def _call(self, value: list[Any]) -> Node:
        if not value or type(value[0]) is not int:
            raise WireError("a call without a code")
        code, *arguments = value
        if code == QUOTE:
            if len(arguments) != 1 or not isinstance(arguments[0], list):
                raise WireError("what is quoted is no list")
            return constant(arguments[0])
        if code == LET:
            return Call(LET, self._definitions(arguments))
        shape = _SHAPES.get(code)
        if shape is None:
            raise WireError(f"no expression has the code {code}")
        if code == REGEX:
            self._left -= REGEX_NODES
        return Call(code, self._arguments(shape, arguments))

    def _definitions(self, arguments: list[Any]) -> list[Any]:
        if len(arguments) < 3 or not len(arguments) % 2:
            raise WireError("a let without variables, or without an expression")
        found: list[Any] = []
        for position, argument in enumerate(arguments):
            is_name = position % 2 == 0 and position < len(arguments) - 1
            found.append(_name(argument) if is_name else self._node(argument))
        return found

    def _arguments(self, shape: str, arguments: list[Any]) -> list[Any]:
        kinds = shape.rstrip("*")
        if kinds != shape:
            kinds = kinds[:-1].ljust(max(len(arguments), len(kinds)), kinds[-1])
        if len(kinds) != len(arguments):
            raise WireError("a call with too many or too few arguments")
        return [self._argument(kind, argument) for kind, argument in zip(kinds, arguments, strict=True)]

    def _argument(self, kind: str, argument: Any) -> Any:
        if kind == "e":
            return self._node(argument)
        if kind == "n":
            return _name(argument)
        if kind == "c":
            return self._command(argument)
        if not isinstance(argument, int) or isinstance(argument, bool):
            raise WireError("an argument of another type")
        return argument

    def _command(self, command: Any) -> CalledCommand | PathCommand:
        if not isinstance(command, list) or not command:
            raise WireError("a command that is no list, or one without a code")
        if command[0] == PATHS:
            return self._path(command)
        if command[0] != IN_CONTEXT:
            return CalledCommand(b"", [self._part(part) for part in command])
        if len(command) != 3 or not isinstance(command[2], list):
            raise WireError("a command in a context without one of them")
        _, context, inner = command
        before = head(3, of_map=False) + msgpack.pack(IN_CONTEXT) + msgpack.pack(context)
        return CalledCommand(before, [self._part(part) for part in inner])

    def _path(self, command: list[Any]) -> PathCommand:
        if len(command) not in {3, 4}:
            raise WireError("a path, and flags, are two arguments, and an expression may be another one")
        _, context, flags, *change = command
        if not isinstance(context, list) or not context or len(context) % 2 or type(flags) is not int:
            raise WireError("a path without steps, or with a step without value")
        before = self._left
        steps = [self._step(number, value) for number, value in zip(*[iter(context)] * 2, strict=True)]
        becomes = self._node(change[0]) if change else None
        return PathCommand(steps, flags, becomes, before - self._left)

    def _step(self, number: Any, value: Any) -> tuple[int, bytes | Node]:
        if type(number) is not int:
            raise WireError("a step that is no number")
        if number == AND_CHILDREN or (number == ALL_CHILDREN and value is not True):
            return number, self._node(value)
        return number, msgpack.pack(value)

    def _part(self, value: Any) -> bytes | Node:
        if not isinstance(value, list):
            return msgpack.pack(value)
        if value[:1] == [QUOTE] and len(value) == 2 and isinstance(value[1], list):
            return msgpack.pack(value[1])
        return self._node(value)


def constant(value: Any) -> Constant:
    """A value of msgpack as a constant; lists and maps may have wildcards and infinities in them. Raises WireError."""
    match value:
        case None:
            return Constant(NIL, None)
        case bool():
            return Constant(BOOL, value)
        case int() if -_INT64 <= value < _INT64:
            return Constant(INTEGER, value)
        case float():
            return Constant(FLOAT, value)
        case GeoJSON():
            return Constant(GEOJSON, utf8(value))
        case str():
            return Constant(STRING, utf8(value))
        case bytes():
            return Constant(BLOB, value)
        case Raw() if value.data[:1] == _HLL_BYTE:
            return Constant(HLL, value.data[1:])
        case list() | dict():
            return Constant(LIST if isinstance(value, list) else MAP, msgpack.pack(value))
        case _:
            raise WireError("a value of no type that expressions have")


def _name(value: Any) -> bytes:
    """A string without a first byte that says so; the reader of msgpack took some for other things."""
    if isinstance(value, Raw):
        return value.data
    raise WireError("a name that is none")
