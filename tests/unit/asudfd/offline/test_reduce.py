"""The client's half of aggregations."""

import json
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from asinfo.errors import WireError
from asudfd.offline import CallError, reduce_values
from asudfd.offline import reduce as reduction
from tests.each import for_each
from tests.unit.asudfd.lua.aerospike.test_apply_recorded import exact, value

TESTS = Path(__file__).parents[3]
FILES = (TESTS / "compat" / "lua_cases.jsonl", TESTS / "vectors" / "lua_cases_2.jsonl")

SUM = """
local function add(a, b) return a + b end
function total(s) return s : map(function(r) error("the nodes do this") end) : reduce(add) end
function offset(s, n) return s : reduce(add) : aggregate(n, add) end
function twice(s) return s : reduce(add) : map(function(v) return v * 2 end) : filter(function(v) return v > 4 end) end
function all(s) return s : filter(function() return false end) : map(function() return nil end) end
function fail(s) return s : reduce(function(a, b) return a + b.x end) end
function forever(s) return s : reduce(function(a, b) while true do end end) end
function join(s) return s : reduce(function(a, b) list.append(a, b[1]) return a end) end
function large(s) return s : reduce(add) : map(function() return string.rep("x", 300000) end) end
"""


def recorded() -> list[Any]:
    """Aggregations whose nodes have sent values without an error."""
    rows = [json.loads(line) for path in FILES for line in path.read_text().splitlines()]
    return [row for row in rows if isinstance(row.get("server_values_unordered"), list)]


@for_each(recorded(), itemgetter("id"))
def test_recorded_on_a_real_server(row: dict[str, Any]) -> None:
    (source,) = row["modules"].values()
    arguments = [value(each) for each in row["args"]]
    sent = [value(each) for each in row["server_values_unordered"]]
    expected = row["final_unordered"]
    if isinstance(expected, dict):
        with pytest.raises(CallError) as caught:
            reduce_values(source, row["function"], arguments, sent)
        assert f": {caught.value.message}" in expected["error"]["message"]
        return
    found = reduce_values(source, row["function"], arguments, sent)
    assert sorted(map(repr, map(exact, found))) == sorted(
        map(repr, (exact(value(each)) for each in expected))
    )


def test_there_are_recorded_cases_of_each_kind() -> None:
    rows = recorded()
    assert len(rows) > 40
    assert any(isinstance(row["final_unordered"], dict) for row in rows)
    assert sum(row["final_unordered"] != row["server_values_unordered"] for row in rows) > 10


@for_each([
    ("total", [], [1, 2, 3], [6]), ("total", [], [], []), ("total", [], [1, None, 5], [1]), ("offset", [100], [1, 2], [103]),
    ("offset", [100], [], [100]), ("twice", [], [1, 1], []), ("twice", [], [1, 2], [6]), ("all", [], [1, [2], {"a": 1}], [1, [2], {"a": 1}]),
    ("join", [], [[1], [2], [3]], [[1, 2, 3]]),
])  # fmt: skip
def test_operations(case: tuple[str, list[Any], list[Any], list[Any]]) -> None:
    function, arguments, values, expected = case
    assert reduce_values(SUM, function, arguments, values) == expected


def test_values_of_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduction, "BATCH_SIZE", 100)
    assert reduce_values(SUM, "total", [], range(1000)) == [sum(range(1000))]
    assert reduce_values(SUM, "all", [], ["x" * 200_000] * 5) == ["x" * 200_000] * 5
    assert reduce_values(SUM, "large", [], [1, 2]) == ["x" * 300_000]


def test_failures() -> None:
    with pytest.raises(CallError) as caught:
        reduce_values(SUM, "fail", [], [1, 2])
    assert (caught.value.line, caught.value.file) == (7, "module.lua")
    with pytest.raises(CallError, match="function not found"):
        reduce_values(SUM, "nope", [], [])
    with pytest.raises(CallError, match="Timeout"):
        reduce_values(SUM, "forever", [], [1, 2], seconds=0.05)
    with pytest.raises(WireError):
        reduce_values(SUM, "total", [], [object()])
