"""Searches that are not cheap give what the original's give: results, messages, and how often a callback is called."""

from importlib.resources import files
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asudfd.lua.state import LUA51, new_state
from asudfd.lua.valkey import chunks
from asudfd.lua.valkey.chunks import load_sandbox, stripped
from tests.each import for_each
from tests.unit.asudfd.lua.valkey.conftest import Sandbox
from tests.work import measured

LOADER = b"""
local slow, original = (...).string_library, string

local function shown(...)
    local parts = { tostring(select("#", ...)) }
    for index = 1, select("#", ...) do
        local value = select(index, ...)
        parts[#parts + 1] = type(value) .. tostring(value)
    end
    return table.concat(parts, "\\1")
end

local calls
local REPLACEMENTS = {
    "<%0>", "[%1]", "%2", "%a", "%", "%%", { a = "T", b = false, [1] = "one" }, { a = {} },
    function(...) calls = calls + 1 return select("#", ...) > 1 and ... or nil end,
    function() calls = calls + 1 return {} end,
}

local function all_of(library, text, pattern)
    local found = {}
    for one, other in library.gmatch(text, pattern) do
        found[#found + 1] = tostring(one) .. "/" .. tostring(other)
    end
    return table.concat(found, "\\2")
end

local function answers(library, text, pattern, init, form, most)
    calls = 0
    local found = shown(pcall(library.find, text, pattern, init))
    local matched = shown(pcall(library.match, text, pattern, init))
    local each = shown(pcall(all_of, library, text, pattern))
    local replaced = shown(pcall(library.gsub, text, pattern, REPLACEMENTS[form], most))
    return found .. "\\3" .. matched .. "\\3" .. each .. "\\3" .. replaced .. "\\3" .. calls
end

return function(...)
    return answers(original, ...), answers(slow, ...)
end, #REPLACEMENTS
"""


COST = b"""
local cost = (function(...) %s end)(...)
cost.is_cheap = function() return false end
cost.is_cheap_at_a_place = function() return %s end
return cost
"""


def _comparison(place_by_place: bytes) -> Any:
    text = (files(chunks.__name__.rpartition(".")[0]) / "cost.lua").read_bytes()
    own = stripped({"cost": COST % (text, place_by_place), "loader": LOADER})
    codes = {**chunks.compiled(), "cost": own["cost"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "compiled", lambda: codes)
        state = new_state(64 << 20, LUA51)
        return state.execute(own["loader"], load_sandbox(state, {}))[0]


PLACES, OWN = _comparison(b"true"), _comparison(b"false")

TEXT = st.text(alphabet="aab(1)\0", max_size=8).map(str.encode)
PATTERN = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            ".",
            "%a",
            "%d",
            "[ab]",
            "[^a]",
            "[a-b1]",
            "%z",
            "()",
            "(a)",
            "(.-)",
            "%1",
            "%b()",
            "%f[a]",
            "%(",
            "(",
            ")",
            "[",
            "%",
            "^",
            "$",
            "a*",
            "a+",
            "a-",
            "a?",
            ".-",
            ".*",
            "%b",
            "%f",
            "\x00",
        ]
    ),
    max_size=6,
).map(lambda parts: "".join(parts).encode())


class Search(NamedTuple):
    """Arguments of the four functions: `form` is the number of a replacement, `most` how many matches gsub replaces."""

    text: bytes
    pattern: bytes
    init: int
    form: int
    most: int | None


SEARCH = st.builds(
    Search, TEXT, PATTERN, st.integers(-4, 10), st.integers(1, 10), st.none() | st.integers(-1, 3)
)


@example(Search(b"aab", b"a-b", 1, 1, None))
@example(Search(b"abc", b"", 1, 1, None))
@example(Search(b"aaa", b"a*", 1, 9, None))
@example(Search(b"hello", b"^h", -1, 1, 0))
@example(Search(b"a", b"(a", 1, 2, None))
@example(Search(b"", b"(", 1, 1, None))
@given(SEARCH)
@pytest.mark.parametrize("compare", [PLACES, OWN], ids=["place by place", "own matcher"])
def test_the_same_as_the_original(compare: Any, search: Search) -> None:
    original, slow = compare(*search)
    assert original == slow


def test_a_deep_pattern_does_not_use_up_the_stack_of_c(sandbox: Any) -> None:
    answer = sandbox.call("return select(2, pcall(string.find, ('a'):rep(1e6), ('a?'):rep(1e6)))")
    assert b"stack overflow" in answer


def test_a_plain_search_in_pieces(sandbox: Any) -> None:
    body = """
        local text, wanted = ('a'):rep(40000) .. 'b' .. ('a'):rep(40000), ('a'):rep(10000) .. 'b'
        local first, last = text:find(wanted, 1, true)
        return first .. ' ' .. last .. ' ' .. tostring(text:find(wanted .. 'b', 1, true)) .. ' ' .. text:find(wanted, 30001, true)
        """
    assert sandbox.call(body) == b"30001 40001 nil 30001"


SEARCHES = {
    "fields": "for _ in string.gmatch(text, '[^,]+') do end",
    "fields with their end": "for _ in string.gmatch(text, '([^,]*),') do end",
    "a set that is replaced": "string.gsub(text, '[^%w]', '')",
    "a set that is not there": "string.find(text, '[XYZ]')",
    "a set in a name": "string.find(text, 'field[0-9]0,$')",
}

TIMES = 30
"""How much longer a search may take than the original's on a megabyte: most take as long, and a set that was looked up at each place took 140
to 350 times as long."""


@for_each(SEARCHES)
def test_sets_in_long_texts(name: str) -> None:
    sandbox = Sandbox(256 << 20)
    prepare = "local text = ('field,'):rep(170000) "
    call = f"{prepare} {SEARCHES[name]}".encode()
    with measured() as original:
        sandbox.state.execute(call)
    with measured() as ours:
        assert sandbox.call(call.decode()) is None
    assert ours.pieces < TIMES * original.pieces
