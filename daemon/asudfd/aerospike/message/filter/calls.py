"""Calls of expressions: operations on lists, maps, blobs and HyperLogLogs, on whatever value an expression gives.

    0 lists and maps    on lists and maps     asudfd.aerospike.message.cdt
    1 bits              on blobs              asudfd.aerospike.message.bits
    2 HyperLogLogs      on HyperLogLogs       asudfd.aerospike.message.hll

An operation that reads gives what it shows, one that modifies the changed value; the record stays as it is. What fails
is unknown. The arguments of an operation may be expressions, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asinfo.wire import cdt, msgpack
from asinfo.wire import expression as x
from asinfo.wire.expression import CalledCommand, PathCommand, Unsupported
from asinfo.wire.result import Result
from asudfd.aerospike.message.command import NOTHING, decode
from asudfd.aerospike.message.cost import CostBudget, check_budget
from asudfd.aerospike.message.filter.scope import ANY
from asudfd.aerospike.message.filter.values import PARTICLES, packed_as, value_of
from asudfd.record.namespace import RECORD_SIZE_MAX
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from asinfo.wire.expression import Node
    from asudfd.aerospike.message.cdt.collection import Particle
    from asudfd.aerospike.message.command import Modified
    from asudfd.aerospike.message.filter.filter_record import FilterRecord
    from asudfd.aerospike.message.filter.scope import Run, Scope, Typed, Value
    from asudfd.aerospike.message.operation import Operation

    ReadValue = Callable[[int, bytes, bytes, CostBudget], Particle]
    ModifyValue = Callable[[int, bytes, bytes, CostBudget], Modified]
    Operate = Callable[[int, bytes, bytes, FilterRecord], Particle | None]
    """Does a command: gets particle type and bytes of a value, the command, and the record that is asked about."""


_NOTHING: frozenset[int] = frozenset()


class CalledModule(NamedTuple):
    """What the operations of a CALL are done with."""

    kinds: frozenset[int]
    """Types of values that they are done to."""

    check: Callable[[bytes, bool], None]
    """Raises RequestRefused or WireError for a command that is none; whether it modifies."""

    read: Operate
    modify: Operate
    made_of: frozenset[int] = _NOTHING
    """Type of a value that operations which modify take for none, and make a new one."""


def call(arguments: list[Any], scope: Scope) -> Typed:
    """An operation on a value."""
    result, number, command, target = arguments
    kind, run = scope.compile(target)
    if result not in PARTICLES:
        raise WireError("a result of no such type")
    module = _module(number & ~x.CALL_MODIFIES)
    modifies = bool(number & x.CALL_MODIFIES)
    if kind not in module.kinds | {ANY} | (module.made_of if modifies else _NOTHING):
        raise WireError("an operation on a value of another type")
    if isinstance(command, PathCommand):
        if number & ~x.CALL_MODIFIES:
            raise WireError("a path in what is no list or map")
        return result, _called(_on_path(command, scope, modifies=modifies), b"", (kind, run), result)
    wire = _command(command, scope)
    if isinstance(wire, bytes):
        module.check(wire, modifies)
    operate = module.modify if modifies else module.read
    return result, _called(operate, wire, (kind, run), result)


def _on_path(command: PathCommand, scope: Scope, *, modifies: bool) -> Operate:
    from asudfd.aerospike.message.filter.paths import Path

    path = Path(command, scope, 0)
    if path.modifies != modifies:
        raise WireError("a path that modifies as one that reads, or the reverse")
    work = path.change if modifies else path.show
    return lambda kind, data, _, record: work(kind, data, record)


def map_parts(return_type: int) -> Callable[[list[Any], Scope], Typed]:
    """All keys, or all values, of a map, as the return type says."""
    whole = msgpack.pack([cdt.MAP_GET_BY_INDEX_RANGE, return_type, 0])

    def compile_(arguments: list[Any], scope: Scope) -> Typed:
        kind, run = scope.compile(arguments[0])
        if kind not in {x.MAP, ANY}:
            raise WireError("keys or values of what is no map")
        return x.LIST, _called(_module(0).read, whole, (kind, run), x.LIST)

    return compile_


def _called(operate: Operate, wire: bytes | Run, target: Typed, result: int) -> Run:
    """What does a command to the value of ``target``; unknown where that fails, or gives no ``result``.

    No value becomes larger than a record may be: calls in each other could double it each time.
    """
    kind, run = target
    particle, wanted = PARTICLES.get(kind, 0), PARTICLES[result]

    def run_all(record: FilterRecord) -> Value:
        data = run(record)
        told = wire if isinstance(wire, bytes) else wire(record)
        if data is None or told is None:
            return None
        try:
            found = operate(particle, data, told, record)
        except Unsupported:
            raise
        except WireError:
            return None
        except RequestRefused as error:
            if error.code == Result.UNSUPPORTED_FEATURE:
                raise
            return None
        shown, value = found or NOTHING
        return value_of(shown, value) if shown == wanted and len(value) <= RECORD_SIZE_MAX else None

    return run_all


def _command(command: CalledCommand, scope: Scope) -> bytes | Run:
    """A command as it is sent to a bin: bytes, or what makes them of a record where there are expressions in it."""
    fixed = [part if isinstance(part, bytes) else b"" for part in command.parts]
    changing = [
        (place, _packed(part, scope))
        for place, part in enumerate(command.parts)
        if not isinstance(part, bytes)
    ]
    if not changing:
        return command.pack(fixed)

    def run(record: FilterRecord) -> bytes | None:
        parts = list(fixed)
        for place, each in changing:
            data = each(record)
            if data is None:
                return None
            parts[place] = data
        return command.pack(parts)

    return run


def _packed(node: Node, scope: Scope) -> Run:
    """What makes the bytes of an argument."""
    kind, run = scope.compile(node)
    pack = packed_as(kind)

    def run_packed(record: FilterRecord) -> bytes | None:
        value = run(record)
        return None if value is None else pack(value)

    return run_packed


# ---- what calls are done with: imported with the first call, since a start does not wait for it


def _module(number: int) -> CalledModule:
    module = _MODULES.get(number)
    if module is None:
        raise WireError(f"no operations have the number {number}")
    return module()


def _collections() -> CalledModule:
    from asudfd.aerospike.message.filter.collection_calls import check, modify, read

    return CalledModule(frozenset({x.LIST, x.MAP}), check, read, modify)


def _bits() -> CalledModule:
    from asudfd.aerospike.message import bits

    return _of_values(x.BLOB, bits.OPERATIONS, bits.read, bits.modify)


def _of_values(
    kind: int, rows: Mapping[int, Operation], read: ReadValue, modify: ModifyValue
) -> CalledModule:
    """A module of `asudfd.aerospike.message.command`."""

    def check(command: bytes, modifies: bool) -> None:
        decode(rows, command, check_budget(), modifies=modifies)

    def read_value(particle: int, data: bytes, command: bytes, record: FilterRecord) -> Particle:
        return read(particle, data, command, record.collections.budget)

    def modify_value(particle: int, data: bytes, command: bytes, record: FilterRecord) -> Particle:
        changed, _ = modify(particle, data, command, record.collections.budget)
        return changed or (particle, data)

    return CalledModule(frozenset({kind}), check, read_value, modify_value)


def _hyper_log_logs() -> CalledModule:
    from asudfd.aerospike.message import hll

    return _of_values(x.HLL, hll.OPERATIONS, hll.read, hll.modify)._replace(made_of=frozenset({x.NIL}))


_MODULES: dict[int, Callable[[], CalledModule]] = {0: _collections, 1: _bits, 2: _hyper_log_logs}
