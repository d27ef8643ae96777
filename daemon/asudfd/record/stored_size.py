"""The size of a record as the real server stores it, for expressions and `record.size` in Lua.

`daemon/asudfd/lua/aerospike/bins.lua` has the same for Lua, which asks seldom and then has the bins at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.message import OP_HEADER
from asinfo.wire.particle import BOOL, FLOAT, INTEGER

if TYPE_CHECKING:
    from asudfd.record.record import Record

HEAD, EXPIRY, BLOCK = 39, 4, 16
"""Bytes beside what varies, and of an expiry; a record takes whole blocks."""

SHORT = 128
"""Numbers below it take one byte."""


def stored_size(record: Record) -> int:
    """The bytes of ``record`` on the real server."""
    size = HEAD + EXPIRY * (record.void_time != 0)
    if record.set_name:
        size += 1 + len(record.set_name)
    if record.key:
        size += _width(len(record.key)) + len(record.key)
    at = count = 0
    bins = record.bins
    while at < len(bins):
        length, _, form, _, name_size = OP_HEADER.unpack_from(bins, at)
        value = bins[at + OP_HEADER.size + name_size : at + 4 + length]
        size += 1 + name_size + _size_of_value(form, value)
        at += 4 + length
        count += 1
    if count:
        size += _width(count)
    return -(-size // BLOCK) * BLOCK


def _width(number: int) -> int:
    return 1 if number < SHORT else 2


def _size_of_value(form: int, value: bytes) -> int:
    """The bytes of a value, with its type, and of what has any length how long it is."""
    if form == INTEGER and len(value) == 8:
        needed = len(value.lstrip(b"\0"))
        return 2 + next(width for width in (1, 2, 4, 8) if needed <= width)
    return len(value) + (1 if form in {FLOAT, BOOL} else 5)
