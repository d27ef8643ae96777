"""Several operations on one record, in the client's order and as one write.

    READ            shows a bin as it is at that point; an empty name with GET_ALL shows them all
    WRITE           sets a bin; a null particle removes it
    ADD             integer to integer, wrapping at 64 bits; float to float; a missing bin becomes the operand
    APPEND/PREPEND  string to string, blob to blob; a missing bin becomes the operand, of whatever type
    TOUCH           changes nothing but generation and time to live; the record must exist
    DELETE          drops all bins; what follows begins with none

    CDT_READ     shows something of a list or map, `asudfd.aerospike.message.cdt`
    CDT_MODIFY   changes a list or map, and shows what the operation gives
    EXPRESSION_READ, EXPRESSION_MODIFY show or write what an expression gives, `asudfd.aerospike.message.single.expression`
    BIT_READ     shows something of the bits of a blob, `asudfd.aerospike.message.bits`
    BIT_MODIFY   changes bits of a blob
    HLL_READ     shows something of a HyperLogLog, `asudfd.aerospike.message.hll`
    HLL_MODIFY   changes a HyperLogLog, and shows what the operation gives

A record that has no bins in the end is deleted. With RESPOND_ALL every operation but TOUCH shows something: reads a
bin or null, the others what they give, or a null, under their own code.
Source: the wire specification, section 4.3.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from asinfo.wire.message import (
    BIN_NAME_SIZE_MAX,
    INFO1_GET_ALL,
    INFO1_READ,
    INFO2_RESPOND_ALL_OPS,
    OP_ADD,
    OP_APPEND,
    OP_CDT_MODIFY,
    OP_CDT_READ,
    OP_DELETE,
    OP_EXPRESSION_MODIFY,
    OP_EXPRESSION_READ,
    OP_PREPEND,
    OP_READ,
    OP_TOUCH,
    OP_WRITE,
    op,
)
from asinfo.wire.particle import BLOB, FLOAT, INTEGER, NULL, STRING
from asinfo.wire.result import Result
from asudfd.aerospike.message.cdt.opened import OpenedBin
from asudfd.aerospike.message.cost import COPY_STEPS, CostBudget
from asudfd.aerospike.message.filter.cache import operations_of, values_of
from asudfd.aerospike.message.filter.operations import is_path
from asudfd.aerospike.message.outcome import (
    OK,
    REPLY_SIZE_MAX,
    RecordOutcome,
    check_names,
    failed,
    join,
    reply_too_large,
)
from asudfd.aerospike.message.single import value_operations
from asudfd.aerospike.message.single.bins import charge_check, make_bin, particle, split
from asudfd.aerospike.message.single.commit import REPLACE, commit, objection
from asudfd.aerospike.message.single.expression import RecordExpressions, new_record
from asudfd.record.namespace import RECORD_SIZE_MAX
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from asinfo.wire.message import Message, Op
    from asudfd.aerospike.message.single.beside import OperationsDone
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record

    Bins = dict[bytes, bytes]

SHOWN_MAX = 65_535
"""Most bins that a reply can show: its count has 16 bits."""

_COLLECTIONS = frozenset((OP_CDT_READ, OP_CDT_MODIFY))
READS = value_operations.READS | {OP_CDT_READ, OP_EXPRESSION_READ}
"""Codes of operations with a command that read."""

_WRITES = value_operations.WRITES | {OP_CDT_MODIFY, OP_EXPRESSION_MODIFY}
_COMMANDS = READS | _WRITES
_DOUBLE = Struct("!d")
_BLOBS = frozenset((BLOB, 7, 8, 9, 10, 11, 12))


def operate(
    namespace: Namespace, message: Message, todo: list[Op], done: OperationsDone | None = None
) -> RecordOutcome:
    """Answer a write of any operations, which may have been ``done``.

    Raises RequestRefused, and CostExceededError for what is too much for a turn of the event loop; nothing is changed then.
    """
    info2, info3, digest, fields = message.info2, message.info3, message.digest, message.fields
    assert digest is not None
    _check(message.info1, info2, info3, todo)
    record = namespace.get(digest)
    refused = objection(namespace, record, info2, info3, message.generation)
    if refused is not None:
        return refused
    check_names(record, fields, write=True)
    if record is None and any(code == OP_TOUCH for code, _, _, _ in todo):
        return failed(Result.NOT_FOUND)
    size_max = namespace.record_size_max
    for _, _, _, value in todo:
        if len(value) > size_max:
            raise RequestRefused(Result.RECORD_TOO_BIG, "a value is larger than a record may be")
    bins = {} if record is None or info3 & REPLACE else split(record.bins)
    if done:
        shown = done.put_into(bins)
    else:
        expressions = expressions_of(namespace, message, record, todo)
        shown = run(bins, todo, info2 & INFO2_RESPOND_ALL_OPS, expressions=expressions)
    answer = join(shown)  # refuses before anything is changed
    if bins:
        blob = b"".join(bins.values())
        generation, void_time = commit(namespace, digest, record, fields, ttl=message.ttl, bins=blob)
    elif record is None:
        return failed(Result.NOT_FOUND)
    else:
        namespace.delete(digest)
        namespace.counters["deleted_last_bin"] += all(code != OP_DELETE for code, _, _, _ in todo)
        generation = void_time = 0
    return RecordOutcome(OK, generation, void_time, answer, len(shown))


def expressions_of(
    namespace: Namespace, message: Message, record: Record | None, todo: list[Op]
) -> RecordExpressions | None:
    """The expressions among operations, None if there are none. Raises RequestRefused."""
    if values_of(todo):
        assert message.digest is not None
        return RecordExpressions(
            namespace, message.digest, record or new_record(message), operations_of(todo)
        )
    return None


def run(
    bins: Bins,
    todo: list[Op],
    respond_all: int,
    *,
    echo: bool = True,
    expressions: RecordExpressions | None = None,
    budget: CostBudget | None = None,
) -> list[bytes]:
    """Apply ``todo`` to ``bins`` and return what they show; ``expressions`` are those among them.

    Raises RequestRefused and CostExceededError.

    What an operation with a command shows has the code of that with ``echo``, else that of a read: rows of batches
    that only read are answered so.
    """
    shown: list[bytes] = []
    opened = _CollectionBins(bins, expressions, budget or CostBudget())
    for code, kind, name, value in todo:
        if len(shown) > SHOWN_MAX:
            raise RequestRefused(Result.PARAMETER, "so many operations are too much for one request")
        if code in _COMMANDS:
            given = opened.command(code, name, value)
            if given is not None or respond_all:
                shown.append(_shown(code if echo else OP_READ, name, given))
            continue
        opened.close()
        if code == OP_READ:
            if not name:
                opened.count(sum(map(len, bins.values())))
                shown += bins.values()
            elif name in bins:
                opened.count(len(bins[name]))
                shown.append(bins[name])
            elif respond_all:
                shown.append(op(OP_READ, NULL, name))
            continue
        left = opened.forget(len(bins.get(name, b"")))
        charge_check(kind, value, left)
        _CHANGES[code](bins, kind, name, value, left)
        if respond_all and code != OP_TOUCH:
            shown.append(op(code, NULL, name))
    opened.close()
    return shown


def _check(info1: int, info2: int, info3: int, todo: list[Op]) -> None:
    """Refuse what makes no sense whatever the record holds."""
    whole = info1 & INFO1_GET_ALL
    if whole and info2 & INFO2_RESPOND_ALL_OPS:
        raise RequestRefused(Result.PARAMETER, "all bins cannot be answered one by one")
    reads_all = False
    for code, kind, name, _ in todo:
        if code == OP_READ or code in READS:
            if not info1 & INFO1_READ or (not name and not whole):
                raise RequestRefused(Result.PARAMETER, "a read in a message that does not read")
            reads_all |= not name
        elif code not in _WRITES and code not in _CHANGES:
            raise RequestRefused(Result.PARAMETER, f"no operation has the code {code}")
        elif info3 & REPLACE and (code not in {OP_WRITE, OP_DELETE} or (code == OP_WRITE and kind == NULL)):
            raise RequestRefused(Result.PARAMETER, "a record can be replaced only by values")
    if whole and not reads_all:
        raise RequestRefused(Result.PARAMETER, "all bins are to be read, but no operation reads them")


class _CollectionBins:
    """The list and map bins that operations work on, each taken apart once, and the work of all operations."""

    __slots__ = ("_bins", "_budget", "_changed", "_expressions", "_growth", "_opened", "_shown_size")

    def __init__(self, bins: Bins, expressions: RecordExpressions | None, budget: CostBudget) -> None:
        self._bins = bins
        self._expressions = expressions
        self._budget = budget
        self._growth = 0
        self._shown_size = 0
        self._opened: dict[bytes, OpenedBin] = {}
        self._changed: dict[bytes, OpenedBin] = {}

    def command(self, code: int, name: bytes, command: bytes) -> tuple[int, bytes] | None:
        """Do an operation that has a command; what it shows, None for nothing.

        Raises RequestRefused and CostExceededError.
        """
        if code in _COLLECTIONS and (self._expressions is None or not is_path(command)):
            return self._counted(self._operate(code, name, command))
        self.close()
        budget = self.forget(0)
        before = len(self._bins.get(name, b""))
        if self._expressions is not None and code not in value_operations.CODES:
            shown = self._expressions.operate(code, name, self._bins, budget)
        else:
            shown = value_operations.work(self._bins, code, name, command, budget)
        self._grow(len(self._bins.get(name, b"")) - before)
        return self._counted(shown)

    def _operate(self, code: int, name: bytes, command: bytes) -> tuple[int, bytes] | None:
        """Do an operation on a list or map bin; what it shows, None for nothing. Raises RequestRefused."""
        opened = self._opened.get(name)
        if opened is None:
            whole = self._bins.get(name)
            if whole is not None:
                self._budget.charge(len(whole) * COPY_STEPS)
            opened = self._opened[name] = OpenedBin(None if whole is None else particle(whole), self._budget)
        if code == OP_CDT_READ:
            return opened.read(command)
        self._changed[name] = opened
        return opened.modify(command)

    def _counted(self, shown: tuple[int, bytes] | None) -> tuple[int, bytes] | None:
        """What is shown, as long as it is not more in all than a reply may have. Raises RequestRefused."""
        if shown:
            self.count(len(shown[1]))
        return shown

    def count(self, size: int) -> None:
        """So many bytes are shown, too. Raises RequestRefused when all are more than a reply may have."""
        self._shown_size += size
        if self._shown_size > REPLY_SIZE_MAX:
            raise reply_too_large()

    def _grow(self, size: int) -> None:
        """A bin has become larger by so many bytes. Raises RequestRefused when all are, by more than a record may have."""
        self._growth += size
        if self._growth > RECORD_SIZE_MAX:
            raise RequestRefused(Result.RECORD_TOO_BIG, "the bins become larger than a record may be")

    def close(self) -> None:
        """Bring what has changed to the bins. Raises RequestRefused."""
        for name, opened in self._changed.items():
            if (stored := opened.stored) is not None:
                if len(name) > BIN_NAME_SIZE_MAX:
                    raise RequestRefused(Result.BIN_NAME, "the bin's name is too long")
                kind, value = stored
                self._bins[name] = op(OP_READ, kind, name, value)
        self._changed.clear()

    def forget(self, size: int) -> CostBudget:
        """Another operation comes, on a bin of ``size`` bytes, which it may copy: what may still be done.

        Raises CostExceededError.
        """
        self._opened.clear()
        self._budget.charge(size * COPY_STEPS)
        return self._budget


def _shown(code: int, name: bytes, given: tuple[int, bytes] | None) -> bytes:
    kind, value = given or (NULL, b"")
    return op(code, kind, name, value)


def _write(bins: Bins, kind: int, name: bytes, value: bytes, budget: CostBudget) -> None:
    if kind == NULL:
        bins.pop(name, None)
    else:
        bins[name] = make_bin(kind, name, value, budget)


def _add(bins: Bins, kind: int, name: bytes, value: bytes, budget: CostBudget) -> None:
    operand = make_bin(kind, name, value, budget)
    if name not in bins:
        bins[name] = operand
        return
    old_kind, old = particle(bins[name])
    _, addend = particle(operand)
    if kind != old_kind or kind not in _SUMS:
        raise RequestRefused(Result.BIN_TYPE, "only integers can be added to integers, and floats to floats")
    bins[name] = op(OP_READ, kind, name, _SUMS[kind](old, addend))


def _sum_integers(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") + int.from_bytes(right, "big") & (1 << 64) - 1).to_bytes(8, "big")


def _sum_floats(left: bytes, right: bytes) -> bytes:
    (one,), (other,) = _DOUBLE.unpack(left), _DOUBLE.unpack(right)
    return _DOUBLE.pack(one + other)


_SUMS = {INTEGER: _sum_integers, FLOAT: _sum_floats}


def _append(bins: Bins, kind: int, name: bytes, value: bytes, budget: CostBudget) -> None:
    old = _joinable(bins, kind, name, value, budget)
    bins[name] = make_bin(kind, name, old + value, budget)


def _prepend(bins: Bins, kind: int, name: bytes, value: bytes, budget: CostBudget) -> None:
    old = _joinable(bins, kind, name, value, budget)
    bins[name] = make_bin(kind, name, value + old, budget)


def _joinable(bins: Bins, kind: int, name: bytes, value: bytes, budget: CostBudget) -> bytes:
    """The value of a bin that another one can be joined to; empty for a missing bin, which takes a value of any type."""
    if name not in bins:
        return b""
    old_kind, old = particle(bins[name])
    if kind != old_kind or (kind != STRING and kind not in _BLOBS):
        make_bin(kind, name, value, budget)  # what is no value at all is refused as that
        raise RequestRefused(Result.BIN_TYPE, "only strings and blobs of one type can be joined")
    return old


def _touch(_bins: Bins, _kind: int, _name: bytes, _value: bytes, _budget: CostBudget) -> None:
    """The commit does it."""


def _delete(bins: Bins, _kind: int, _name: bytes, _value: bytes, _budget: CostBudget) -> None:
    bins.clear()


_CHANGES: dict[int, Callable[[Bins, int, bytes, bytes, CostBudget], None]] = {
    OP_WRITE: _write,
    OP_ADD: _add,
    OP_APPEND: _append,
    OP_PREPEND: _prepend,
    OP_TOUCH: _touch,
    OP_DELETE: _delete,
}
