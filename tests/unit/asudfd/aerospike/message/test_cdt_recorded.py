"""Operations on lists, maps, bits and HyperLogLogs that a real server 8.1.2.0 was asked for: result, what is shown, the record after it."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from typing import Any

import pytest

from asinfo.wire import frame
from asinfo.wire.request import reply
from asudfd.aerospike.message import cost
from tests.fakes.world import World

ROWS = "tests/vectors/cdt_ops.jsonl.gz"
REFUSED = 16

GROUPS = (
    *(
        "bits",
        "by_hand",
        "ctx_1",
        "ctx_2",
        "ctx_3",
        "ctx_4",
        "ctx_create",
        "errors",
        "exp_ops",
        "filter",
        "hll",
    ),
    *("list_flags", "list_get", "list_modify", "list_relative", "list_remove"),
    *(
        "map_flags",
        "map_get",
        "map_modify",
        "map_relative",
        "map_remove",
        "multi",
        "old_encoding",
        "order",
        "path",
    ),
    *("persist_index", "size", "special", "stored"),
)
"""Groups of rows; those about batches are not here."""

_UNREADABLE = "would store what cannot be read back; refused here"
_BAD_KEY = "a value that no list can have is refused here, there it equals nothing"
DIFFERENT = {
    "ctx_create-0020": "24 for a value twice in an insert beyond the end of a list that is made, there 26",
    "map_flags-0142": "there, UPDATE_ONLY with NO_FAIL and DO_PARTIAL puts all entries into a map that is empty; into no other",
    "special-0154": "a wildcard and nil in one list of values: there the wildcard, equal to nil, is left out as the same value again",
    "stored-0203": _UNREADABLE,
    "stored-0214": _UNREADABLE,
    "stored-0308": _UNREADABLE,
    "stored-0209": _BAD_KEY,
    "stored-0314": _BAD_KEY,
    "stored-0372": "NaN equals no other number here, there every float",
    "stored-0487": "the flags 2 of a map are not kept here",
}
"""Rows that are answered otherwise."""


def rows() -> dict[str, list[Any]]:
    found = defaultdict(list)
    with gzip.open(ROWS, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found[row["group"]].append(row)
    return found


@pytest.fixture(scope="module")
def recorded() -> dict[str, list[Any]]:
    return rows()


def unhex(parts: Any) -> bytes:
    """A frame without its header: hex, or pieces of hex and [hex, how often]."""
    pieces = [parts] if isinstance(parts, str) else parts
    data = b"".join(
        bytes.fromhex(each) if isinstance(each, str) else bytes.fromhex(each[0]) * each[1] for each in pieces
    )
    return data[frame.HEADER_SIZE :]


def record(answer: Any) -> Any:
    if answer.result:
        return None if answer.result == 2 else {"rc": answer.result}
    return {name.decode("latin-1"): [kind, value.hex()] for _, kind, name, value in answer.ops}


def as_recorded(world: World, row: dict[str, Any]) -> bool | None:
    """Whether a row is answered as it was recorded; None where it is refused as not offered."""
    for before, expected in row["setup"]:
        if expected is not None and world.ask(unhex(before)).result != expected:
            return None
        if expected is None:
            world.ask(unhex(before))
    answer = world.ask(unhex(row["request"]))
    if answer.result == REFUSED != row["rc"]:
        return None
    if (answer.result, answer.generation) != (row["rc"], row["gen"]):
        return False
    if "reply" in row and answer.ops != reply(bytes.fromhex(row["reply"])).ops:
        return False
    return all(
        same(record(world.ask(unhex(get))), after)
        for get, after in zip(row["get"], row["after"], strict=True)
    )


def same(found: Any, expected: Any) -> bool:
    if not found or not expected or "rc" in found:
        return bool(found == expected)
    return found.keys() == expected.keys() and all(
        value == expected[name] or isinstance(expected[name][1], dict) for name, value in found.items()
    )


SHARE = 0.97
"""So many rows of these groups are to be answered as recorded, at least."""


def test_few_rows_are_answered_otherwise(recorded: dict[str, list[Any]]) -> None:
    total = sum(len(recorded[group]) for group in GROUPS)
    assert len(DIFFERENT) <= (1 - SHARE) * total


def differences(rows: list[Any]) -> set[str]:
    """The rows that are answered otherwise. None may be refused."""
    world = World()
    found = {row["id"]: as_recorded(world, row) for row in rows}
    assert None not in found.values()
    return {name for name, as_it_was in found.items() if as_it_was is False}


def expected(group: str) -> set[str]:
    return {name for name in DIFFERENT if name.rpartition("-")[0] == group}


@pytest.mark.parametrize("group", GROUPS)
def test_rows_are_answered_as_recorded(recorded: dict[str, list[Any]], group: str) -> None:
    assert differences(recorded[group]) == expected(group)


@pytest.mark.parametrize("group", GROUPS)
def test_rows_are_answered_as_recorded_by_the_thread(
    recorded: dict[str, list[Any]], group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "TURN_STEPS", 0)
    assert differences(recorded[group]) == expected(group)
