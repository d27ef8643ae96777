"""Ways to loop in Lua end soon after the deadline by themselves, and cost the context only.

A function of C, or one instruction, that takes long is not among them: the process ends that.
"""

import threading
import time
from collections.abc import Callable

import pytest

from asudfd.lua.aerospike.crossing import TIMEOUT
from tests.fakes.lua_call import Returned, call_in

Timed = Callable[..., tuple[Returned, float]]

MARGIN = 1.0
"""Seconds of the processor after the deadline; the worst of them needs a tenth of it."""

LOOPS = {
    "while": "while true do end",
    "goto": "::a:: goto a",
    "pcall": "while true do pcall(function() while true do end end) end",
    "pcall nest": "local function f() pcall(f) pcall(f) end while true do f() end",
    "tail": "local function f() return f() end f()",
    "coro": "local c=coroutine.wrap(function() while true do end end) c()",
    "coro pcall": "while true do local c=coroutine.wrap(function() while true do end end) pcall(c) end",
    "coro yield": "local c=coroutine.wrap(function() while true do coroutine.yield() end end) while true do c() end",
    "coro tree": "local function g(d) if d==0 then return end for i=1,50 do local c=coroutine.create(g) coroutine.resume(c,d-1) end end while true do g(4) end",
    "coro tree pcall": "local function g(d) if d==0 then while true do end end while true do pcall(function() local c=coroutine.create(g) coroutine.resume(c,d-1) end) end end g(20)",
    "preco": "for i=1,100 do pcall(co[i]) end  while true do pcall(co[1]) end",
    "xpcall2": "while true do xpcall(function() while true do end end, function() while true do end end) end",
    "index": "local t=setmetatable({},{__index=function() while true do end end}) return t.x",
    "call": "local t=setmetatable({},{__call=function() while true do end end}) t()",
    "close": "local t<close> =setmetatable({},{__close=function() while true do end end})",
    "close2": "pcall(function() local t<close> =setmetatable({},{__close=function() while true do end end}) while true do end end)",
    "close coro": "local c=coroutine.create(function() local t<close> =setmetatable({},{__close=function() while true do end end}) while true do end end) coroutine.resume(c) coroutine.close(c)",
    "close wrap": 'local c=coroutine.wrap(function() local t<close> =setmetatable({},{__close=function() while true do end end}) error("x") end) c()',
    "tostring": "tostring(setmetatable({},{__tostring=function() while true do end end}))",
    "gc": "setmetatable({},{__gc=function() while true do end end}) while true do local x={} end",
    "eq": "local m={__eq=function() while true do end end} return setmetatable({},m)==setmetatable({},m)",
    "concat mm": 'local m={__concat=function() while true do end end} return setmetatable({},m).."x"',
    "concat": 'table.concat(setmetatable({},{__len=function() return 1<<60 end,__index=function() return "" end}))',
    "concat2": 'table.concat(setmetatable({},{__index=function() return "" end}),"",1,1<<60)',
    "sort": "local t={} for i=1,1000000 do t[i]=i*7919%1000003 end while true do table.sort(t) for i=1,#t do t[i]=-t[i] end end",
    "sort len": "table.sort(setmetatable({},{__len=function() return 1<<30 end,__index=function() return 1 end}))",
    "select": "while true do select(-1,1,2) end",
    "next": 'local t={} for i=1,1000000 do t["k"..i]=1 end for k in next,t do t[k]=nil end while true do next(t) end',
    "concat op": 'local s="x" while true do s=s..s if #s>2e7 then s="x" end end',
    "collect": "local t={} for i=1,300000 do t[i]={} end while true do collectgarbage() end",
    "setmt": "while true do setmetatable({},{__gc=1}) end",
    "info": 'while true do info("x") end',
    "print": 'while true do print("x") end',
    "pairs": "for k in pairs(setmetatable({},{__pairs=function() return function() return 1 end end})) do end",
    "ipairs": "for i in ipairs(setmetatable({},{__index=function() return 1 end})) do end",
    "require": 'while true do pcall(require,"nope") end',
    "glob": "setmetatable(_G,{__index=function() while true do end end}) return nope",
    "for": "for i=1,math.maxinteger do end",
    "cmp chain": "local a={} for i=1,1999 do a=setmetatable({},{__index=a}) end while true do local x=a.zz end",
}

NO_HOOK = """local co = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function() while true do end end })
    local t = setmetatable({}, { __index = function(t, k) for i = 1, 3000 do end return t[k + 1] end })
    return t[1]
end) """
"""The hook fails where no C stack is left, and the thread dies inside it."""

LOOPS |= {
    "pcall deep": "local function g() while true do pcall(g) end end g()",
    "pcall deeper": "local t t=setmetatable({},{__index=function(_,k) while true do pcall(function() return t[k] end) end end}) return t.x",
    "xpcall deep": "local function g() while true do xpcall(g,g) end end g()",
    "resume deep": "local function g() while true do coroutine.resume(coroutine.create(g)) end end g()",
    "wrap deep": "local function g() while true do pcall(coroutine.wrap(g)) end end g()",
    "gsub deep": "local function g() while true do pcall(string.gsub,'a','a',g) end end g()",
    "for deep": "local function g() while true do pcall(function() for i in g do end end) end end g()",
    "close no hook": NO_HOOK + "coroutine.resume(co) coroutine.close(co) while true do end",
    "close no hook wrap": "while true do "
    + NO_HOOK.replace("coroutine.create", "coroutine.wrap")
    + "pcall(co) end",
    "close no memory": "local co=coroutine.create(function() local x <close> =setmetatable({},{__close=function() while true do end end}) local t={} while true do t={t,{},{}} end end) coroutine.resume(co) coroutine.close(co) while true do end",
    "close all": "local m={__close=function() while true do pcall(function() while true do end end) end end} local function g(n) local x <close> =setmetatable({},m) if n>0 then g(n-1) else while true do end end return 1 end g(150)",
    "sort by chain": "local s=('a'):rep(2^20) local o=setmetatable({},{__lt=string.upper}) local t={o} for i=2,200 do t[i]=s end while true do pcall(table.sort,t) end",
    "error names": "local o=setmetatable({},{__name=('x'):rep(2^23)}) while true do pcall(string.rep,o) end",
    "error texts": "local s=('\\255'):rep(2^23) while true do pcall(error,s,0) end",
    "require names": "local s,n=('x'):rep(2^22),0 while true do n=n+1 pcall(require,s..n) end",
    "require many": "local n=0 while true do n=n+1 pcall(require,'x'..n) end",
}

BEFORE = """
co = {}
for i = 1, 100 do
    co[i] = coroutine.wrap(function() while true do pcall(function() while true do end end) end end)
end
"""
"""Coroutines that a module's body has made."""

RETURNS = {
    "one loop in pcall": ("local ok, e = pcall(function() while true do end end) return e", TIMEOUT),
    "one in a coroutine": (
        "local c = coroutine.create(function() while true do end end) return select(2, coroutine.resume(c))",
        TIMEOUT,
    ),
    "one in a message handler": ("return xpcall(error, function() while true do end end)", False),
}
"""The time-out is an error like another; a function that goes on to its end at once succeeds (as on the real server)."""

PLACED = {
    "coroutine.wrap": "local c = coroutine.wrap(function() while true do end end) c()",
}
"""Through coroutine.wrap the error gets a place in front, as on the real server."""


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS)
def test_a_loop_ends(timed: Timed, body: str) -> None:
    outcome, seconds = timed(body, BEFORE if "co[" in body else "")
    assert outcome.failed
    assert isinstance(outcome.value, bytes)
    assert outcome.value.endswith(TIMEOUT)
    assert seconds < 0.05 + MARGIN


@pytest.mark.parametrize(("body", "value"), RETURNS.values(), ids=RETURNS)
def test_a_function_that_catches_the_time_out_may_return(timed: Timed, body: str, value: object) -> None:
    outcome, seconds = timed(body)
    assert outcome == (False, value)
    assert seconds < 0.05 + MARGIN


@pytest.mark.parametrize("body", PLACED.values(), ids=PLACED)
def test_a_time_out_through_wrap_has_a_place(timed: Timed, body: str) -> None:
    outcome, _ = timed(body)
    assert outcome.value == b"/udf/m.lua:2: " + TIMEOUT


def test_the_time_is_that_of_one_call(sandbox) -> None:  # type: ignore[no-untyped-def]  # the fixture's class is not importable
    context = sandbox.load(b"function f() for i = 1, 100000 do end return 1 end")
    now = 0.0
    context.keep_time(lambda: now)
    for _ in range(4):
        assert call_in(context, now + 5).value == 1
        now += 1000
    assert context.usable


def test_a_context_is_not_used_after_a_time_out(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    context = sandbox.load(b"function f() pcall(function() while true do end end) return 1 end")
    context.keep_time(time.process_time)  # only work brings the deadline, so it comes within the loop
    assert call_in(context, time.process_time() + 0.02).value == 1
    assert not context.usable


def test_a_body_that_loops_ends(sandbox) -> None:  # type: ignore[no-untyped-def]  # as above
    with pytest.raises(AssertionError, match="UDF Execution Timeout"):
        sandbox.load(b"while true do end", seconds=0.05)


def test_many_time_outs_leave_no_thread(timed: Timed) -> None:
    before = threading.active_count()
    for _ in range(5):
        assert timed("while true do end")[0].failed
    assert threading.active_count() == before


def test_a_thread_that_dies_in_the_hook_closes_with_hooks(timed: Timed) -> None:
    outcome, seconds = timed(NO_HOOK + "local ok, text = coroutine.resume(co) return tostring(ok) .. #text")
    assert outcome.failed or outcome.value == b"false21"
    assert seconds < 0.05 + MARGIN
