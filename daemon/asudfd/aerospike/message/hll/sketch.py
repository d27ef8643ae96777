"""A HyperLogLog, also with minhashes: its bytes, its registers, and what changes them.

    offset 0    1 byte    flags, 0
    offset 1    1 byte    index bits: there are 2 ** index bits registers
    offset 2    1 byte    minhash bits of a register, 0 for none
    offset 3    8 bytes   the count that was estimated last, little-endian; 0 if something has changed since
    offset 11             the registers, packed, the highest bit first

A register has 6 bits of a rank above its minhash, and is 0 as long as no value came to it. A value has two hashes of
64 bits. The lowest bits of the first are the number of its register, the bits above those its minhash; its rank is
the place of the lowest bit that is set in the second, counted from 1. A register keeps the largest that came.
Source: the recordings of a real server, which have all bytes.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asudfd.aerospike.message.bits.ranges import BitRange
from asudfd.aerospike.message.hll.murmur import murmur

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

INDEX_BITS = range(4, 17)
MINHASH_BITS = (0, *range(4, 52))
BOTH_MAX = 64
"""Most bits that index and minhash have together: so many there are in a hash."""

RANK_BITS = 6
RANK_MAX = (1 << RANK_BITS) - 1

_HEAD = Struct("<BBBQ")

_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_RANKS = bytes(range(64))
_FROM_DIGITS, _TO_DIGITS = bytes.maketrans(_DIGITS, _RANKS), bytes.maketrans(_RANKS, _DIGITS)
"""Registers without minhashes are digits of base64: so that C takes them apart."""


class Shape(NamedTuple):
    """How many registers a HyperLogLog has, and of how many bits."""

    index_bits: int
    minhash_bits: int

    @property
    def registers(self) -> int:
        """So many registers."""
        return 1 << self.index_bits

    @property
    def width(self) -> int:
        """Bits of a register."""
        return RANK_BITS + self.minhash_bits

    @property
    def size(self) -> int:
        """Bytes of all registers."""
        return self.registers * self.width >> 3

    def check(self) -> None:
        """Raise WireError for one that cannot be."""
        if self.index_bits not in INDEX_BITS or self.minhash_bits not in MINHASH_BITS or sum(self) > BOTH_MAX:
            raise WireError(
                f"no HyperLogLog has {self.index_bits} index and {self.minhash_bits} minhash bits"
            )

    def place(self, value: bytes) -> tuple[int, int]:
        """The number of a value's register, and what the value would have it be."""
        index_bits, minhash_bits = self
        first, second = murmur(value)
        rank = min((second & -second).bit_length() or RANK_MAX, RANK_MAX)
        minhash = first >> index_bits & (1 << minhash_bits) - 1
        return first & (1 << index_bits) - 1, rank << minhash_bits | minhash


class Sketch(NamedTuple):
    """A HyperLogLog."""

    shape: Shape
    packed: bytes
    counted: int = 0

    def pack(self) -> bytes:
        """Its bytes."""
        return _HEAD.pack(0, *self.shape, self.counted) + self.packed

    def registers(self) -> Sequence[int]:
        """All registers."""
        if not self.shape.minhash_bits:
            return b64encode(self.packed).translate(_FROM_DIGITS)
        return _unpacked(self.packed, self.shape.width)

    def register(self, number: int) -> int:
        """One register."""
        return self.bits_of(number).load(self.packed)

    def bits_of(self, number: int) -> BitRange:
        """Where a register is."""
        return BitRange(number * self.shape.width, self.shape.width)


def empty(shape: Shape) -> Sketch:
    """A HyperLogLog that no value came to."""
    return Sketch(shape, bytes(shape.size))


def parse(data: bytes) -> Sketch:
    """The HyperLogLog that is the whole of ``data``. Raises WireError."""
    if len(data) < _HEAD.size:
        raise WireError("a HyperLogLog without its head")
    _, index_bits, minhash_bits, counted = _HEAD.unpack_from(data)
    shape = Shape(index_bits, minhash_bits)
    shape.check()
    if len(data) != _HEAD.size + shape.size:
        raise WireError("a HyperLogLog with too few or too many registers")
    return Sketch(shape, data[_HEAD.size :], counted)


class Added(NamedTuple):
    """A HyperLogLog that values came to, and how many of them changed it."""

    sketch: Sketch
    changes: int


def add(sketch: Sketch, values: Iterable[bytes]) -> Added:
    """Bring values to a HyperLogLog: each is what is hashed of it."""
    changed: dict[int, int] = {}
    changes = 0
    for value in values:
        number, register = sketch.shape.place(value)
        if register > (changed.get(number) or sketch.register(number)):
            changed[number] = register
            changes += 1
    if not changed:
        return Added(sketch, 0)
    packed = bytearray(sketch.packed)
    for number, register in changed.items():
        bits = sketch.bits_of(number)
        packed[bits.start : bits.end] = bits.around(packed, register)
    return Added(Sketch(sketch.shape, bytes(packed)), changes)


def contains(sketch: Sketch, value: bytes) -> bool:
    """Whether a value may have come to a HyperLogLog."""
    number, register = sketch.shape.place(value)
    return register <= sketch.register(number)


def common_shape(sketches: Sequence[Sketch]) -> Shape:
    """The shape that all can be folded to: minhashes only stay if they have as many bits in all."""
    widths = {each.shape.minhash_bits for each in sketches}
    return Shape(min(each.shape.index_bits for each in sketches), widths.pop() if len(widths) == 1 else 0)


def folded(sketch: Sketch, shape: Shape) -> Sequence[int]:
    """The registers that a HyperLogLog has with fewer index bits, or without minhashes.

    Minhashes stay as they are, as on the real server, though with other index bits they would be made of other bits.
    """
    registers, minhash_bits = sketch.registers(), sketch.shape.minhash_bits
    if minhash_bits and not shape.minhash_bits:
        registers = bytes(register >> minhash_bits for register in registers)
    return largest([
        registers[first : first + shape.registers] for first in range(0, len(registers), shape.registers)
    ])  # fmt: skip


def union(sketches: Sequence[Sketch], shape: Shape) -> Sketch:
    """A HyperLogLog to which all values came that came to one of those."""
    return Sketch(shape, _packed(largest([folded(each, shape) for each in sketches]), shape))


def largest(parts: Sequence[Sequence[int]]) -> Sequence[int]:
    """The largest of the registers that stand at the same place."""
    if len(parts) == 1:
        return parts[0]
    # `map` would be a little faster, but lets no other thread in
    found = [max(same) for same in zip(*parts, strict=True)]
    return bytes(found) if isinstance(parts[0], bytes) else found


def _packed(registers: Sequence[int], shape: Shape) -> bytes:
    if not shape.minhash_bits:
        return b64decode(bytes(registers).translate(_TO_DIGITS))
    width = shape.width
    groups = []
    for first in range(0, len(registers), 8):
        group = 0
        for register in registers[first : first + 8]:
            group = group << width | register
        groups.append(group.to_bytes(width, "big"))
    return b"".join(groups)


def _unpacked(data: bytes, width: int) -> list[int]:
    """Registers of so many bits: eight of them have as many bytes."""
    mask = (1 << width) - 1
    shifts = range(7 * width, -1, -width)
    groups = (int.from_bytes(data[first : first + width], "big") for first in range(0, len(data), width))
    return [group >> shift & mask for group in groups for shift in shifts]
