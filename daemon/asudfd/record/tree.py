"""Checks the B+ tree of records in the file of a namespace, page by page.

LMDB trusts its pages: one whose head is wrong loses keys without a word, and one of the wrong kind ends the process. So
the heads are read here, without it, before anything else is. Numbers are in the machine's own byte order.

    meta page  24 bytes, then u32 magic, u32 version: other versions than this one have other pages
    table      u32 and u16 that do not matter, u16 depth, u64 branches, leaves, overflow pages, entries, root
    page       u64 number, u16, u16 kind, u16 end of the places, u16 begin of the nodes; then the place of each node, u16
    branch     node: u48 page below, u16 size of the key, key
    leaf       node: u32 size of the value, u16, u16 size of the key, key, value
"""

from __future__ import annotations

import os
import sys
from struct import Struct, unpack_from
from typing import TYPE_CHECKING, NamedTuple

from asudfd.process.work_directory import open_own

if TYPE_CHECKING:
    from pathlib import Path

CHECKED_MAX = 64 << 20
"""Bytes of pages that a start checks: 300,000 records of 100 bytes, in some tenths of a second. `--recover` checks all."""

TABLE = Struct("=IHHQQQQQ")

KEY_SIZE = 22

_META = Struct("=II")
_META_PLACE = 16
_VERSION = (0xBEEFC0DE, 1)
_PAGE = Struct("=QHHHH")
_BRANCH, _LEAF = 1, 2
_NODE_SIZE = 8
_KEY = slice(6, _NODE_SIZE + KEY_SIZE)
_KEY_SIZE = KEY_SIZE.to_bytes(2, sys.byteorder)
_EMPTY = (1 << 64) - 1


class _TreePage(NamedTuple):
    places: tuple[int, ...]
    content: bytes


class _BrokenTreeError(Exception):
    """The text says where."""


def broken(path: Path, page_size: int, table: bytes, limit: float = CHECKED_MAX) -> str:
    """What is wrong with the tree that ``table`` tells of, as the file names it; nothing when it is whole.

    Nothing as well when it has more than ``limit`` bytes. Raises OSError.
    """
    _, _, depth, branches, leaves, overflow, entries, root = TABLE.unpack(table)
    if root == _EMPTY or (branches + leaves + overflow) * page_size > limit:
        return ""
    number = open_own(path, os.O_RDONLY)
    try:
        if _META.unpack(os.pread(number, _META.size, _META_PLACE)) != _VERSION:
            return ""
        found = _walk(number, page_size, root, (depth, branches + leaves))
    except _BrokenTreeError as error:
        return str(error)
    finally:
        os.close(number)
    return "" if found == entries else f"{found} of {entries} records are in its pages"


def _walk(file: int, page_size: int, root: int, size: tuple[int, int]) -> int:
    """How many records the tree has. Raises _BrokenError."""
    depth, pages = size
    waiting, entries, last = [(root, depth, b"")], 0, b""
    while waiting:
        number, level, least = waiting.pop()
        pages -= 1
        page = _read(file, page_size, number, _LEAF if level == 1 else _BRANCH)
        if pages < 0:
            raise _BrokenTreeError("its pages are not a tree")
        if level == 1:
            last = _check_keys(page, (last, least), number * page_size)
            entries += len(page.places)
        else:
            below = [
                (_below(page.content, place), level - 1, _least(page.content, place)) for place in page.places
            ]
            below[0] = (*below[0][:2], least)  # the first node of a branch has no key of its own
            waiting += below[::-1]
    return entries


def _check_keys(page: _TreePage, before: tuple[bytes, bytes], offset: int) -> bytes:
    """The last key of a leaf. Raises _BrokenError.

    Its keys must be in order. ``before`` are the last key of the leaf before, which is less than the key by which the
    branch leads here; and that, which none here is less than. Else a search would go another way.
    """
    last, least = before
    keys = [page.content[place + _KEY.start : place + _KEY.stop] for place in page.places]
    in_order = sorted({last, *keys}) == [last, *keys] and (not least or last < least <= keys[0])
    if not in_order or {key[:2] for key in (keys[0], keys[-1])} != {_KEY_SIZE}:
        raise _BrokenTreeError(f"the keys in the page at offset {offset} are not what was written")
    return keys[-1]


def _read(file: int, page_size: int, number: int, kind: int) -> _TreePage:
    content = os.pread(file, page_size, number * page_size) if number < _EMPTY // page_size >> 1 else b""
    if len(content) == page_size:
        own, _, flags, lower, upper = _PAGE.unpack_from(content)
        if (own, flags) == (number, kind) and _PAGE.size < lower <= upper < page_size:
            places = unpack_from(f"={(lower - _PAGE.size) // 2}H", content, _PAGE.size)
            if (
                min(places) >= upper
                and max(places) <= page_size - _NODE_SIZE
                and len(set(places)) == len(places)
            ):
                return _TreePage(places, content)
    raise _BrokenTreeError(f"the page at offset {number * page_size} is not what was written")


def _least(content: bytes, place: int) -> bytes:
    """The key of a node of a branch, with its size before it as in a leaf."""
    return content[place + _KEY.start : place + _KEY.stop]


def _below(content: bytes, place: int) -> int:
    """The page that a node of a branch leads to."""
    low, middle, high = unpack_from("=HHH", content, place)
    page: int = low | middle << 16 | high << 32
    return page
