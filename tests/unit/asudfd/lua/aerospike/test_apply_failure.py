"""Where a call failed: the lines of its module, the innermost first; and the client's text, which stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.lua.aerospike.udf_result import UdfResult
    from tests.unit.asudfd.lua.aerospike.conftest import Applier

MODULE = """
local function inner(t) return t.a.b end
local function deep(n)
    if n == 0 then
        error("deep")
    end
    local value = deep(n - 1)
    return value
end
function field(rec)
    local value = inner({})
    return value
end
function format(rec) info("%d", nil) end
function tail(rec) return info("%d", nil) end
function plain(rec) error("no place", 0) end
function object(rec) error({}) end
function thirty(rec) local value = deep(30) return value end
function runaway(rec) return runaway(rec) + 1 end
function c_stack(rec) local s = string.gsub("a", "a", c_stack) return s end
function bin(rec) rec.a = {} end
function caught(rec) pcall(error, "x") error("later", 0) end
function huge(rec) error(string.rep("x", 10000), 0) end
function good(rec) pcall(error, "x") return 1 end
"""

FAILURES = {
    "field": ("/udf/m.lua:2: attempt to index a nil value (field 'a')", "m.lua:2 in inner < m.lua:11"),
    "format": (
        "[string \"aerospike.lua\"]:8: bad argument #2 to 'format' (number expected, got nil)",
        "m.lua:14",
    ),
    "tail": (
        "[string \"aerospike.lua\"]:8: bad argument #2 to 'format' (number expected, got nil)",
        "m.lua:15",
    ),
    "plain": ("no place", "m.lua:16"),
    "object": ("result value type unexpected", "m.lua:17"),
    "bin": ("/udf/m.lua:21: can't set bin a to unsupported type", "m.lua:21"),
    "caught": ("later", "m.lua:22"),
    "missing": ("function not found", ""),
}


@pytest.fixture
def call(applier: Applier) -> Callable[[str], UdfResult]:
    context = applier.load(MODULE)
    return lambda function: applier.apply(context, function, [], None).raw


@pytest.mark.parametrize("function", FAILURES)
def test_the_lines_of_a_failure(call: Callable[[str], UdfResult], function: str) -> None:
    text, lines = FAILURES[function]
    result = call(function)
    assert (result.code, result.value.decode(), (result.detail or b"").decode()) == (100, text, lines)


def test_many_lines_are_cut(call: Callable[[str], UdfResult]) -> None:
    detail = (call("thirty").detail or b"").decode()
    assert detail == "m.lua:5 in deep < " + "m.lua:7 in deep < " * 11 + "..."


@pytest.mark.parametrize(
    ("function", "text"), [("runaway", b"stack overflow"), ("c_stack", b"stack overflow")]
)
def test_what_runs_away_is_told_as_before(
    call: Callable[[str], UdfResult], function: str, text: bytes
) -> None:
    result = call(function)
    assert text in result.value
    assert b"error handling" not in result.value


def test_lines_are_of_this_call_alone(call: Callable[[str], UdfResult]) -> None:
    assert call("field").detail
    assert call("missing").detail == b""
    assert call("good").detail is None
    assert call("huge").detail == b"m.lua:23"
