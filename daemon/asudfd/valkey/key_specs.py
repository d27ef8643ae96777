"""Key specifications of commands: as the Lua side has them, and what a command does to its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asudfd.valkey.table import CommandSpec

READ_ONLY = ("RO", "access")
READ_WRITE = ("RW", "access", "update")
OVERWRITE = ("OW", "update")


class KeyPlace(NamedTuple):
    """The position of a key in a command, and the specification that gave it."""

    position: int
    spec: dict[str, Any]


def rows_text(rows: Iterable[CommandSpec]) -> bytes:
    """The rows as `rows.lua` reads them."""
    return "".join(map(_line, rows)).encode()


def _line(row: CommandSpec) -> str:
    first, last, step = row.keys
    specs = "".join(f";{_fields(row, spec)}" for spec in row.specs)
    return f"{row.name} {row.arity} {first} {last} {step} {' '.join(row.flags)}{specs}\n"


def _fields(row: CommandSpec, spec: dict[str, Any]) -> str:
    """A key specification as fields for `keys.lua`; positions count from 1 there."""
    (begin, start), (find, how) = spec["begin_search"], spec["find_keys"]
    no_key = "no_key=true" if "not_key" in spec["flags"] else "no_key=false"
    if begin == "unknown":
        stores = row.name == "sort" and spec is row.specs[-1]
        return f"{no_key} unknown={'store' if stores else 'nothing'}"
    if begin == "index":
        place = f"at={start['index'] + 1}"
    else:
        place = f"keyword={start['keyword']} from={_from(start['startfrom'])}"
    if find == "keynum":
        return f"{no_key} {place} number={how['keynumidx']} first={how['firstkey']} step={how['keystep']}"
    return f"{no_key} {place} last={how['lastkey']} step={how['keystep']} limit={how['limit']}"


def _from(position: int) -> int:
    return position + 1 if position >= 0 else position


def flags_of_place(row: CommandSpec, place: KeyPlace, arguments: Sequence[bytes]) -> tuple[str, ...]:
    """What the command does to the key there; for some it depends on the other arguments."""
    flags: tuple[str, ...] = tuple(place.spec["flags"])
    if "variable_flags" not in flags:
        return flags
    if row.name == "set":
        return READ_WRITE if any(each.upper() == b"GET" for each in arguments[3:]) else OVERWRITE
    if row.name == "bitfield":
        writes = any(each.upper() in {b"SET", b"INCRBY"} for each in arguments[2:])
        return READ_WRITE if writes else READ_ONLY
    return tuple(flag for flag in flags if flag != "variable_flags")
