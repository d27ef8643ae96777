"""HyperLogLogs: strings from which the number of different elements that were added can be told, to within a percent.

The strings are those of the real server, byte for byte: a head of 16 bytes, then 16384 registers, either dense (six bits each) or
sparse (runs). An element's hash chooses a register, and its zeros are counted; a register has the largest count it was given.

The head: "HYLL", the encoding, three zero bytes, and the number of elements as it was last computed (64 bits, little-endian), whose
highest bit is set when it is out of date.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REGISTERS_BITS = 14
REGISTERS = 1 << REGISTERS_BITS
HASH_BITS = 64 - REGISTERS_BITS
"""Bits of the hash whose zeros are counted."""
REGISTER_BITS = 6
REGISTER_MAX = (1 << REGISTER_BITS) - 1

MAGIC = b"HYLL"
HEAD = 16
ENCODING = 4
CACHE = slice(8, 16)
STALE = 0x80
"""The bit of the last byte of the cached number that says it is out of date."""
DENSE, SPARSE = 0, 1
DENSE_SIZE = HEAD + REGISTERS * REGISTER_BITS // 8

VALUE_MAX = 32
"""The largest register of a sparse string."""
VALUE_RUN_MAX = 4
ZERO_RUN_MAX = 64
MERGED = 5
"""Runs that are looked at for neighbours of the same value after a change; source: the real server's strings."""

ALPHA = 0.5 / math.log(2)
SEED = 0xADC83B19
MASK = (1 << 64) - 1


class NotHyperLogLogError(Exception):
    """The string is no HyperLogLog."""


class CorruptHyperLogLogError(Exception):
    """The string begins like a HyperLogLog, but its runs are not those of 16384 registers."""


class Position(NamedTuple):
    """A place in a sparse string: a byte at which an opcode begins, and the first register of its run."""

    at: int
    first: int


class _Run(NamedTuple):
    """Registers of one value in a sparse string.

    ``at`` and ``size``: their opcode; ``before``: the position of the run before.
    """

    at: int
    size: int
    first: int
    length: int
    value: int
    before: Position


START = Position(HEAD, 0)


def murmur_hash(element: bytes) -> int:
    """MurmurHash64A, with the seed of the real server."""
    multiplier = 0xC6A4A7935BD1E995
    size = len(element)
    result = SEED ^ (size * multiplier & MASK)
    whole = size - size % 8
    for at in range(0, whole, 8):
        part = int.from_bytes(element[at : at + 8], "little") * multiplier & MASK
        part = (part ^ (part >> 47)) * multiplier & MASK
        result = (result ^ part) * multiplier & MASK
    if size > whole:
        result = (result ^ int.from_bytes(element[whole:], "little")) * multiplier & MASK
    result = (result ^ (result >> 47)) * multiplier & MASK
    return result ^ (result >> 47)


def place(element: bytes) -> tuple[int, int]:
    """The register of an element, and the count it asks for: the zeros at the low end of the rest of its hash, and one."""
    digest = murmur_hash(element)
    rest = (digest >> REGISTERS_BITS) | (1 << HASH_BITS)
    return digest & (REGISTERS - 1), (rest & -rest).bit_length()


def new() -> bytearray:
    """One without elements."""
    empty = bytearray(MAGIC + bytes([SPARSE]) + bytes(HEAD - 5))
    return empty + _codes(0, REGISTERS)


def checked(text: bytes) -> bytearray:
    """The string, to be changed. Raises NotHyperLogLogError."""
    is_known = len(text) >= HEAD and text[:4] == MAGIC and text[ENCODING] in (DENSE, SPARSE)
    if not is_known or (text[ENCODING] == DENSE and len(text) != DENSE_SIZE):
        raise NotHyperLogLogError
    return bytearray(text)


def add(text: bytearray, elements: Sequence[bytes], sparse_max: int) -> bool:
    """Add elements; says whether a register has changed. ``sparse_max`` is the size up to which the string stays sparse."""
    changed = False
    # A sparse string is gone through for each change, so it is made sure first that there is one.
    known = _known(text) if text[ENCODING] == SPARSE and len(elements) > 1 else bytes(REGISTERS)
    for element in elements:
        register, count = place(element)
        if count > known[register]:
            changed |= raise_register(text, register, count, sparse_max)
    return changed


def _known(text: bytearray) -> bytes:
    """The registers; zeros if the string is broken, which is told of when the broken part is met."""
    try:
        return registers(text)
    except CorruptHyperLogLogError:
        return bytes(REGISTERS)


def raise_register(text: bytearray, register: int, count: int, sparse_max: int) -> bool:
    """Give a register this count if it has less; says whether it had."""
    if text[ENCODING] == SPARSE:
        changed, _ = _raise_sparse(text, register, count, sparse_max, START)
        if changed is not None:
            return changed
        make_dense(text)
    return _raise_dense(text, register, count)


def count(text: bytearray) -> int:
    """About how many elements were added; it is kept in the string's head."""
    if not text[CACHE.stop - 1] & STALE:
        return int.from_bytes(text[CACHE], "little")
    number = estimate(registers(text))
    text[CACHE] = number.to_bytes(8, "little")
    return number


def invalidate(text: bytearray) -> None:
    """The number in the head is out of date."""
    text[CACHE.stop - 1] |= STALE


def estimate(values: bytes) -> int:
    """How many elements these registers stand for, by O. Ertl's formula."""
    sizes = [0] * (REGISTER_MAX + 1)
    for value in set(values):
        sizes[value] = values.count(value)
    z = REGISTERS * _tau((REGISTERS - sizes[HASH_BITS + 1]) / REGISTERS)
    for value in range(HASH_BITS, 0, -1):
        z = (z + sizes[value]) * 0.5
    z += REGISTERS * _sigma(sizes[0] / REGISTERS)
    return math.floor(ALPHA * REGISTERS * REGISTERS / z + 0.5)


def merged(texts: Iterable[bytearray]) -> bytes:
    """The largest value of each register."""
    return reduce(_larger, map(registers, texts), bytes(REGISTERS))


_HIGH_BITS = int.from_bytes(b"\x80" * REGISTERS, "big")


def _larger(first: bytes, second: bytes) -> bytes:
    """The larger value of each register: all at once, as two numbers, since no register takes the highest bit of its byte."""
    a, b = int.from_bytes(first, "big"), int.from_bytes(second, "big")
    highest = ((a | _HIGH_BITS) - b) & _HIGH_BITS  # is set where that of `a` is not less
    where = highest - (highest >> 7)
    return (a & where | b ^ (b & where)).to_bytes(REGISTERS, "big")


def merge_into(text: bytearray, values: bytes, sparse_max: int) -> None:
    """Give the registers these values where theirs are less."""
    present = registers(text)
    position, register = START, 0
    while text[ENCODING] == SPARSE and register < REGISTERS:
        if values[register] > present[register]:
            changed, position = _raise_sparse(text, register, values[register], sparse_max, position)
            if changed is None:
                make_dense(text)
        register += 1
    if text[ENCODING] == DENSE:
        text[HEAD:] = _pack(_larger(values, present))
    invalidate(text)


def registers(text: bytearray) -> bytes:
    """The values of all registers. Raises CorruptHyperLogLogError."""
    if text[ENCODING] == DENSE:
        return _unpack(bytes(text[HEAD:]))
    values, codes = bytearray(), iter(memoryview(text)[HEAD:])
    for code in codes:
        if code & 0xC0 == 0x40:
            values += bytes(
                ((code & 63) << 8 | next(codes, REGISTERS)) + 1
            )  # too many if the second byte is missing
        else:
            values += _RUNS[code]
        if len(values) > REGISTERS:
            raise CorruptHyperLogLogError
    if len(values) < REGISTERS:
        raise CorruptHyperLogLogError
    return bytes(values)


_RUNS = [
    bytes([(code >> 2 & 31) + 1]) * ((code & 3) + 1) if code & 0x80 else bytes(code + 1)
    for code in range(256)
]
"""The registers of each opcode of one byte."""


def make_dense(text: bytearray) -> None:
    """Turn a sparse string into a dense one. Raises CorruptHyperLogLogError."""
    packed = _pack(registers(text))
    text[ENCODING] = DENSE
    text[HEAD:] = packed


def describe(text: bytearray) -> str:
    """The runs of a sparse string, as PFDEBUG DECODE tells them."""
    parts, at = [], HEAD
    while at < len(text):
        run = _run(text, Position(at, 0), START)
        kind = "z" if run.size == 1 else "Z"
        parts.append(f"v:{run.value},{run.length}" if run.value else f"{kind}:{run.length}")
        at += run.size
    return " ".join(parts)


def _run(text: bytearray, here: Position, before: Position) -> _Run:
    at, first = here
    code = text[at]
    if code & 0x80:
        return _Run(at, 1, first, (code & 3) + 1, (code >> 2 & 31) + 1, before)
    if code & 0x40:
        if at + 1 >= len(text):
            raise CorruptHyperLogLogError
        return _Run(at, 2, first, ((code & 63) << 8 | text[at + 1]) + 1, 0, before)
    return _Run(at, 1, first, code + 1, 0, before)


def _find(text: bytearray, register: int, position: Position) -> _Run:
    """The run of a register, looked for from a position before it."""
    at, first = before_at, before_first = position
    size = len(text)
    while at < size:
        code = text[at]
        if code & 0x80:
            length, step = (code & 3) + 1, 1
        elif code & 0x40:
            length, step = ((code & 63) << 8 | text[at + 1] if at + 1 < size else 0) + 1, 2
        else:
            length, step = code + 1, 1
        if register < first + length:
            return _run(text, Position(at, first), Position(before_at, before_first))
        before_at, before_first = at, first
        at, first = at + step, first + length
    raise CorruptHyperLogLogError


def _codes(value: int, length: int) -> bytes:
    """The opcode of a run, or nothing for a length of 0."""
    if not length:
        return b""
    if value:
        return bytes([0x80 | (value - 1) << 2 | (length - 1)])
    return bytes([length - 1]) if length <= ZERO_RUN_MAX else (0x4000 | (length - 1)).to_bytes(2, "big")


def _raise_sparse(
    text: bytearray, register: int, count: int, sparse_max: int, position: Position
) -> tuple[bool | None, Position]:
    """The same in a sparse string, looked for from a position; None if that would become too long or cannot be said there.

    Also the position from which a later register can be looked for.
    """
    if count > VALUE_MAX:
        return None, position
    run = _find(text, register, position)
    if run.value >= count:
        return False, run.before
    left, right = register - run.first, run.first + run.length - 1 - register
    codes = _codes(run.value, left) + _codes(count, 1) + _codes(run.value, right)
    grown = len(codes) - run.size
    if grown > 0 and len(text) + grown > sparse_max:
        return None, position
    text[run.at : run.at + run.size] = codes
    _merge_runs(text, run.before.at)
    return True, run.before


def _merge_runs(text: bytearray, at: int) -> None:
    """Merge neighbours of one value among the next few runs."""
    for _ in range(MERGED):
        if at >= len(text):
            return
        code = text[at]
        following = text[at + 1] if at + 1 < len(text) else 0
        if not code & 0x80:
            at += 2 if code & 0x40 else 1
        elif following & 0x80 and code >> 2 == following >> 2:
            length = (code & 3) + (following & 3) + 2
            if length <= VALUE_RUN_MAX:
                text[at : at + 2] = _codes((code >> 2 & 31) + 1, length)
            else:
                at += 1
        else:
            at += 1


def _raise_dense(text: bytearray, register: int, count: int) -> bool:
    first = register * REGISTER_BITS
    at, shift = HEAD + first // 8, first % 8
    both = int.from_bytes(text[at : at + 2], "little")
    if both >> shift & REGISTER_MAX >= count:
        return False
    both = both & ~(REGISTER_MAX << shift) | count << shift
    size = min(2, len(text) - at)
    text[at : at + size] = both.to_bytes(2, "little")[:size]
    return True


def _shifted(mask: int, left: int) -> bytes:
    """A table for `bytes.translate`: the bits of ``mask``, moved to the left (or, below zero, to the right)."""
    return bytes(((b & mask) << left if left >= 0 else (b & mask) >> -left) & 0xFF for b in range(256))


# Four registers are three bytes, the low bits first.
_LOW_6, _HIGH_2, _LOW_4, _HIGH_4, _LOW_2, _HIGH_6 = (
    _shifted(0x3F, 0), _shifted(0xC0, -6), _shifted(0x0F, 2), _shifted(0xF0, -4), _shifted(0x03, 4), _shifted(0xFC, -2)
)  # fmt: skip
_TO_HIGH_2, _TO_LOW_4, _TO_HIGH_4, _TO_LOW_2, _TO_HIGH_6 = (
    _shifted(0x03, 6), _shifted(0x3C, -2), _shifted(0x0F, 4), _shifted(0x30, -4), _shifted(0x3F, 2)
)  # fmt: skip


def _either(first: bytes, second: bytes) -> bytes:
    return (int.from_bytes(first, "big") | int.from_bytes(second, "big")).to_bytes(len(first), "big")


def _unpack(packed: bytes) -> bytes:
    """The registers of a dense string, one a byte."""
    first, second, third = packed[0::3], packed[1::3], packed[2::3]
    values = bytearray(REGISTERS)
    values[0::4] = first.translate(_LOW_6)
    values[1::4] = _either(first.translate(_HIGH_2), second.translate(_LOW_4))
    values[2::4] = _either(second.translate(_HIGH_4), third.translate(_LOW_2))
    values[3::4] = third.translate(_HIGH_6)
    return bytes(values)


def _pack(values: bytes) -> bytes:
    """The opposite."""
    first, second, third, fourth = (values[at::4] for at in range(4))
    packed = bytearray(REGISTERS * REGISTER_BITS // 8)
    packed[0::3] = _either(first, second.translate(_TO_HIGH_2))
    packed[1::3] = _either(second.translate(_TO_LOW_4), third.translate(_TO_HIGH_4))
    packed[2::3] = _either(third.translate(_TO_LOW_2), fourth.translate(_TO_HIGH_6))
    return bytes(packed)


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, z = 1.0, 1 - x
    while True:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
        if z == before:
            return z / 3


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y, z = 1.0, x
    while True:
        x *= x
        before = z
        z += x * y
        y += y
        if z == before:
            return z
