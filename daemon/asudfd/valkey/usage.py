"""The arguments of a command for COMMAND DOCS, as far as its row tells them: keys, other arguments, and whether more may follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.reply import Set, Status

if TYPE_CHECKING:
    from asudfd.valkey.table import CommandSpec

Argument = dict[bytes, object]


def arguments_of(row: CommandSpec) -> list[object]:
    """The arguments behind the name."""
    words = 2 if "|" in row.name else 1
    keys = _keys(row)
    found: list[object] = []
    for position in range(words, abs(row.arity)):
        if position in keys:
            found.append(_argument(b"key", b"key", multiple=keys[position]))
        else:
            found.append(_argument(b"argument", b"string"))
    if row.arity < 0 and not any(keys.values()):
        found.append(_argument(b"argument", b"string", optional=True, multiple=True))
    return found


def _keys(row: CommandSpec) -> dict[int, bool]:
    """The positions of single keys, and of those of which there may be more."""
    found = {}
    for spec in row.specs:
        (begin, start), (find, how) = spec["begin_search"], spec["find_keys"]
        if begin == "index" and find == "range":
            found[start["index"]] = how["lastkey"] < 0
    return found


def _argument(name: bytes, kind: bytes, *, optional: bool = False, multiple: bool = False) -> Argument:
    described: Argument = {b"name": name, b"type": kind, b"display_text": name}
    flags = [*([Status(b"optional")] if optional else []), *([Status(b"multiple")] if multiple else [])]
    if flags:
        described[b"flags"] = Set(flags)
    return described
