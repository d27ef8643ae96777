"""What a hostile module does to the host itself: texts of errors, names, sizes, the event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from asudfd.config.schema.lua import PROCESS, ModLua
from asudfd.lua import module_check
from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import RecordView, record_call
from asudfd.lua.context import REQUIRED_MAX, TEXT_MAX
from asudfd.lua.host import ModuleError
from tests.fakes.lua_call import call_function
from tests.work import measured

NOBODY = RecordView(False, 0, 0, 0, b"", b"", b"d" * 20, b"", True)
MOMENT = 15
"""Pieces of work for which the event loop may be held: a trial has two milliseconds, less than one; Python adds some."""


def play(
    scene: Callable[[UdfHost, dict[str, bytes]], Awaitable[None]], source: bytes = b"", **settings: Any
) -> None:
    async def stage() -> None:
        modules = {"m": source}
        host = UdfHost(ModLua(user_path="/udf", context_count=1, **settings), modules.get, lambda *_: None)
        try:
            await scene(host, modules)
        finally:
            await host.stop()

    asyncio.run(stage())


def refused(source: bytes) -> ModuleError:
    found: list[ModuleError] = []

    async def scene(host: UdfHost, _modules: dict[str, bytes]) -> None:
        with pytest.raises(ModuleError) as caught:
            await host.validate("m.lua", source)
        found.append(caught.value)

    play(scene, body_max_ms=60_000)
    return found[0]


def test_a_line_number_of_any_length_is_no_place() -> None:
    error = refused(b"""error('[string "m.lua"]:' .. ('9'):rep(5000) .. ': x', 0)""")
    assert (error.file, error.line, len(error.message)) == (b"", 0, 256)


def test_a_place_that_the_module_makes_up_stays_one_field() -> None:
    error = refused(rb"""error('[string "q\nz;\tw"]:7: hello', 0)""")
    assert (error.file, error.line, error.message) == (b"q?z??w", 7, b"hello")


@pytest.mark.parametrize("text", [b"'\\255'", b"']:1'", b"'\\n'"])
def test_a_text_of_megabytes_is_cut_in_lua(text: bytes) -> None:
    error = refused(b"""error('[string "a"' .. (%s):rep(2^23), 0)""" % text)
    assert len(error.message) <= 256
    error = refused(b"""error('[string "a"]:1: ' .. (%s):rep(2^23), 0)""" % text)
    assert (error.file, error.line, len(error.message)) == (b"a", 1, 1023)


def test_the_text_of_a_failed_call_is_cut() -> None:
    async def scene(host: UdfHost, _modules: dict[str, bytes]) -> None:
        applied = await host.run(record_call("m", b"f", b"\x90", NOBODY), 60)
        assert applied[:3] == (100, 3, b"\xff" * TEXT_MAX)

    play(scene, b"function f() error(('\\255'):rep(2^24), 0) end")


def test_a_module_that_is_long_to_compile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_check, "COMPILE_SECONDS", 0.0)
    with pytest.raises(ModuleError) as caught:
        module_check.compiled(b"m.lua", b"return 1", CROSSING)
    error = caught.value
    assert (error.file, error.message) == (b"m.lua", b"module takes more than 0 s to compile")


def test_names_are_kept_up_to_a_number_and_a_length() -> None:
    async def scene(host: UdfHost, modules: dict[str, bytes]) -> None:
        assert await call_function(host, "m", "long") == len("module '") + 127 + len("' not found:")
        modules["other"] = b""
        assert await call_function(host, "m", "f", 10) == 1
        host.forget("other", None)
        assert await call_function(host, "m", "f", REQUIRED_MAX) == 2
        host.forget("other", None)
        assert await call_function(host, "m", "f", 1) == 1

    play(
        scene,
        b"""
        calls = 0
        function f(_, count) calls = calls + 1 for i = 1, count do pcall(require, 'x' .. i) end return calls end
        function long()
            local _, text = pcall(require, ('x'):rep(2^22))
            return #text:match("module '[^\\n]*")
        end
        """,
        isolation=PROCESS,  # so that all calls meet one context
    )


DEAR = {
    "rep": "('x'):rep(2^24)",
    "gsub": "string.gsub(('a'):rep(2e4), '', ('%0'):rep(2e4))",
    "sort": "local s = ('\\0'):rep(2^20) local t = {} for i = 1, 200 do t[i] = s end table.sort(t)",
    "find": "for i = 1, 20 do string.find(('a'):rep(2200), '.-.-b') end",
    "plain find": "local s = ('a'):rep(2e5) s:find(('a'):rep(1e5) .. 'b', 1, true)",
    "concat": "local s, t = ('x'):rep(1e4), {} for i = 1, 5000 do t[i] = s end table.concat(t)",
    "format": "local s = ('x'):rep(2e4) while true do string.format(('%s'):rep(5), s, s, s, s, s) end",
    "pack": "string.pack('c9999999', '')",
    "unpack": "while true do table.unpack({}, 1, 900000) end",
    "double": "local s = 'x' while #s < 2^24 do s = s .. s end local x while true do x = s .. 'a' end",
    "zeros": "local s = '\\0' while #s < 2^24 do s = s .. s end local x x = s < s",
    "deep": "local function g() while true do pcall(g) end end g()",
    "collect": "for i = 1, 1000 do collectgarbage() end",
    "iterator": "for i = 1, 3 do step() end",
    "thread": "thread()",
}


@pytest.mark.parametrize("body", DEAR.values(), ids=DEAR)
def test_a_trial_holds_the_event_loop_for_a_moment(body: str) -> None:
    async def scene(host: UdfHost, _modules: dict[str, bytes]) -> None:
        while host.run_inline(*record_call("m", b"f", b"\x90", NOBODY)) is None:  # until it has proven quick
            assert (await host.run(record_call("m", b"f", b"\x90", NOBODY), 60)).code == 0
        with measured() as work:
            applied = host.run_inline(*record_call("m", b"f", b"\x91\xc3", NOBODY))
        assert work.pieces < MOMENT
        assert applied is None

    before = """
    step = string.gmatch('x' .. ('a'):rep(2200), '.*.*.*x')
    thread = coroutine.wrap(function() while true do end end)
    """
    play(scene, f"{before} function f(r, dear) if dear then {body} end return 1 end".encode())


def test_a_context_that_holds_much_is_not_tried() -> None:
    async def scene(host: UdfHost, _modules: dict[str, bytes]) -> None:
        for _ in range(2):
            assert (await host.run(record_call("m", b"f", b"\x90", NOBODY), 60)).code == 0
        assert host.run_inline(*record_call("m", b"f", b"\x90", NOBODY)) is None
        (figures,) = host.statistics()
        assert figures.idle  # another may be in the making
        assert figures.hits + figures.misses == 2

    play(scene, b"kept = ('x'):rep(3e6) function f() return 1 end")
