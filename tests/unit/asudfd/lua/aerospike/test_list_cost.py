"""Work that is proportional to a size a module can choose is charged before it is done in a trial.

In a trial, on the event loop, such a call is late before it began.
"""

from typing import Any

import pytest

from asudfd.lua.call import LATE, REUSE
from tests.work import measured

SECONDS = 0.0005
SPARSE = "L = list() L[8388608] = 1"
"""A list whose size costs no memory."""

SPARSE_WORK = {
    "prepend": "list.prepend(L, 1)",
    "insert": "list.insert(L, 2, 1)",
    "remove": "list.remove(L, 1)",
    "trim": "list.trim(L, 8388607)",
    "concat": "list.concat(list(), L)",
    "take": "list.take(L, 8388608)",
    "drop": "list.drop(L, 1)",
    "tostring": "tostring(L)",
    "list.tostring": "list.tostring(L)",
    "nbytes": "list.nbytes(L)",
    "bin": "rec.l = L aerospike:update(rec)",
    "ordered": "list.append(O, 1) O[8388608] = 1 rec.l = O aerospike:update(rec)",
    "table.move": "table.move({}, 1, 8388608, 1)",
    "table.unpack": "table.unpack({}, 1, 900000)",
    "table.remove": "table.remove(L, 1)",
}

DENSE = {
    "bytes": (
        "B = bytes() bytes.append_string(B, ('x'):rep(100000)) bytes.set_byte(B, 1, 1)",
        "return bytes.get_string(B, 1, 100000)",
    ),
    "rep": ("", "return #('x'):rep(1000000)"),
    "rep of a long text": ("S = ('x'):rep(100000)", "return #S:rep(100)"),
    "rep of a number": ("", "return #string.rep(123456789, 100000)"),
    "rep with a separator": ("", "return #string.rep('', 100, ('x'):rep(99000))"),
    "list of one text": (
        "S = ('x'):rep(100000) L = list() for i = 1, 60 do list.append(L, S) end",
        "return list.nbytes(L)",
    ),
    "map of one text": (
        "S = ('x'):rep(100000) M = map() for i = 1, 60 do M[i] = S end",
        "return map.nbytes(M)",
    ),
    "print": ("S = ('x'):rep(100000)", "print(S, S, S, S, S, S, S, S, S, S)"),
    "gsub": ("S = ('x'):rep(100000)", "return (('ab'):rep(30):gsub('a', S))"),
    "expand": ("S = ('x'):rep(100000)", "return (S:gsub('.+', ('%0'):rep(30)))"),
    "table.concat": ("T = {} for i = 1, 60 do T[i] = ('x'):rep(100000) end", "return #table.concat(T)"),
}


@pytest.mark.parametrize("name", SPARSE_WORK)
def test_work_on_a_sparse_list_is_not_begun_in_a_trial(applier: Any, name: str) -> None:
    applier.guarded = True
    context = applier.load(f"{SPARSE} O = list{{}} function f(rec) {SPARSE_WORK[name]} return 1 end")
    with measured() as work:
        called = applier.apply(context, "f", [], {"a": 1}, trial=True, seconds=SECONDS)
    assert called.raw.state == LATE
    assert work.pieces < 30


@pytest.mark.parametrize("name", DENSE)
def test_work_on_much_is_not_begun_in_a_trial(applier: Any, name: str) -> None:
    before, body = DENSE[name]
    applier.guarded = True
    context = applier.load(f"{before} function f(rec) {body} end")
    assert applier.apply(context, "f", [], {"a": 1}, trial=True, seconds=SECONDS).raw.state == LATE


WHOLE = """
local n = 50001
local l = list() for i = 1, n do l[i] = i end
local function same(first, last, offset)
    for i = first, last do if l[i] ~= i + offset then return false end end
    return true
end
list.prepend(l, 0)
if #l ~= n + 1 or not same(1, n + 1, -1) then return "prepend" end
list.remove(l, 1)
if #l ~= n or not same(1, n, 0) then return "remove" end
list.insert(l, 20001, 0)
if #l ~= n + 1 or not same(1, 20000, 0) or l[20001] ~= 0 or not same(20002, n + 1, -1) then return "insert" end
list.remove(l, 20001)
if not same(1, n, 0) then return "remove in the middle" end
local all = l
l = list.drop(all, 1)
if #l ~= n - 1 or not same(1, n - 1, 1) then return "drop" end
l = list.take(all, n - 1)
if #l ~= n - 1 or not same(1, n - 1, 0) then return "take" end
list.concat(l, list{n})
if #l ~= n or not same(1, n, 0) then return "concat" end
local more = list() for i = 1, n do more[i] = n + i end
list.concat(l, more)
if #l ~= 2 * n or not same(1, 2 * n, 0) then return "concat of many" end
list.trim(l, n + 1)
if #l ~= n or not same(1, n, 0) then return "trim" end
local text = {} for i = 1, n do text[i] = i end
if tostring(l) ~= "[" .. table.concat(text, ", ") .. "]" then return "tostring" end
return "whole"
"""


@pytest.mark.parametrize(("size", "state"), [(10, REUSE), (10_000, LATE)])
def test_a_text_to_be_compiled_is_charged(applier: Any, size: int, state: int) -> None:
    applier.guarded = True
    context = applier.load(f"function f(rec) return load('return 1' .. (' '):rep({size}))() end", unsafe=True)
    assert applier.apply(context, "f", [], None, trial=True, seconds=60).raw.state == state


def test_lists_are_whole(apply: Any) -> None:
    assert apply(WHOLE, seconds=100).value == "whole"


def test_a_packed_list_is_whole(apply: Any) -> None:
    called = apply("local l = list() for i = 1, 50001 do l[i] = i end return l", seconds=100)
    assert called.value == list(range(1, 50002))


def test_short_work_is_done_in_a_trial(applier: Any) -> None:
    applier.guarded = True
    body = "local l = list{1, 2, 3} list.prepend(l, 0) list.remove(l, 2) list.concat(l, list.take(l, 2)) return tostring(l)"
    called = applier.apply(
        applier.load(f"function f(rec) {body} end"), "f", [], None, trial=True, seconds=SECONDS
    )
    assert (called.value, called.raw.state) == ("[0, 2, 3, 0, 2]", REUSE)


COUNTED = """
local s, m, before = ("x"):rep(200), map(), ""
for i = 20, 1, -1 do m[%s] = i end
for key in map.keys(m) do
    if key < before then return "not in order" end
    before = key
end
return "in order"
"""


@pytest.mark.parametrize("key", ["s .. i", "'k' .. i"])
def test_keys_that_are_long_are_in_order_too(apply: Any, key: str) -> None:
    assert apply(COUNTED % key).value == "in order"


def test_hexadecimal_text(apply: Any) -> None:
    assert apply("local b = bytes(3) bytes.append_string(b, 'a b') return tostring(b)").value == "61 20 62"
    assert apply("return tostring(bytes())").value == "Bytes()"
