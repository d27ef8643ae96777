"""A range of the bits of a blob: where it is, and its bits as one integer, the highest bit first."""

from __future__ import annotations

from typing import NamedTuple

from asinfo.errors import WireError
from asinfo.wire.result import Result
from asudfd.record.refused import RequestRefused


class OutOfReach(RequestRefused):
    """The blob is too short, or too long, for an operation, which a write may leave undone."""

    def __init__(self, text: str, code: Result = Result.OP_NOT_APPLICABLE) -> None:
        super().__init__(code, text)


class BitRange(NamedTuple):
    """The bits from ``first`` on, which are in the bytes from ``start`` to ``end``; ``below`` follow in the last."""

    first: int
    size: int

    @property
    def start(self) -> int:
        """The first byte."""
        return self.first >> 3

    @property
    def end(self) -> int:
        """The byte after the last."""
        return (self.first + self.size + 7) >> 3

    @property
    def below(self) -> int:
        """So many bits of the last byte are behind the range."""
        return -(self.first + self.size) & 7

    def load(self, data: bytes | bytearray) -> int:
        """The bits as an integer."""
        bits = int.from_bytes(data[self.start : self.end], "big") >> self.below
        return bits & (1 << self.size) - 1 if self.first & 7 else bits

    def around(self, data: bytes | bytearray, bits: int) -> bytes:
        """The bytes from ``start`` to ``end`` with other bits."""
        before = data[self.start] >> (8 - (self.first & 7))
        after = data[self.end - 1] & (1 << self.below) - 1
        if before:
            bits |= before << self.size
        return (bits << self.below | after).to_bytes(self.end - self.start, "big")

    def store(self, data: bytes, bits: int) -> bytes:
        """The blob with other bits."""
        return b"".join((data[: self.start], self.around(data, bits), data[self.end :]))


def place(offset: int, size: int) -> int:
    """An offset, from the end where it is below 0, in what has ``size``. Raises WireError."""
    if offset < -size:
        raise WireError("an offset before the start")
    return offset + size if offset < 0 else offset


def bit_range(data: bytes, offset: int, size: int, *, partial: bool = False) -> BitRange:
    """A range of a blob; with ``partial`` what there is of it. Raises WireError and OutOfReach."""
    total = 8 * len(data)
    first = place(offset, total)
    if first >= total or (first + size > total and not partial):
        raise OutOfReach("a range that does not end within the blob")
    return BitRange(first, min(size, total - first))
