"""Key specifications of commands: as the Lua side has them, and what a command does to its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.valkey.table import CommandSpec

READ_ONLY = ("RO", "access")
READ_WRITE = ("RW", "access", "update")
OVERWRITE = ("OW", "update")


class KeyPlace(NamedTuple):
    """The position of a key in a command, and the specification that gave it."""

    position: int
    spec: dict[str, Any]


def key_specs(row: CommandSpec) -> list[dict[bytes, object]]:
    """The specifications of a row as fields for `keys.lua`; positions count from 1 there."""
    return [_fields(row, spec) for spec in row.specs]


def _fields(row: CommandSpec, spec: dict[str, Any]) -> dict[bytes, object]:
    (begin, start), (find, how) = spec["begin_search"], spec["find_keys"]
    fields: dict[bytes, object] = {b"no_key": "not_key" in spec["flags"]}
    if begin == "unknown":
        stores = row.name == "sort" and spec is row.specs[-1]
        return fields | {b"unknown": b"store" if stores else b"nothing"}
    if begin == "index":
        fields[b"at"] = start["index"] + 1
    else:
        fields |= {b"keyword": start["keyword"].encode(), b"from": _from(start["startfrom"])}
    if find == "keynum":
        return fields | {
            b"number": how["keynumidx"],
            b"first": how["firstkey"],
            b"step": how["keystep"],
        }
    return fields | {b"last": how["lastkey"], b"step": how["keystep"], b"limit": how["limit"]}


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
