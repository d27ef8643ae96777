"""The engine runs the functions of any face: here one whose calls are a text in and a text out."""

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from asudfd.config.schema.lua import ModLua
from asudfd.lua.bytecode import NAMES, LibraryNames
from asudfd.lua.call import BROKEN, LATE, LuaCall
from asudfd.lua.crossing import CrossingFiles, WrongResultError
from asudfd.lua.host import LuaHost
from asudfd.lua.state import LUA54

CHUNK = """
local needs = ...
local env, begin, finish, outermost = needs.env, needs.begin, needs.finish, needs.outermost
local hold_lines, release_lines = needs.hold_lines, needs.release_lines
local function nothing() end
local function invoke(name, limit, trial, arguments)
    hold_lines(trial)
    begin(limit, trial)
    local ok, value = outermost(function() return env[name](arguments) end)
    local late = finish()
    if trial then release_lines(not late) end
    return ok, value, late and 1 or 0
end
return { crossing = { invoke = invoke, enter = nothing, leave = nothing } }
"""

MODULE = b"""
function louder(text) print(text) return text .. "!" end
function wrong() return 5 end
function forever() while true do end end
"""


class Said(NamedTuple):
    """A result of this face."""

    ok: bool
    text: bytes
    state: int


class Texts:
    """A crossing whose functions take a text and return one."""

    lua_version: str = LUA54
    no_tail_calls: LibraryNames = NAMES
    timeout: bytes = b"out of time"
    no_module: bytes = b"no such library"
    log_context: str = "texts"
    stream_log_context: str = "texts"

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def files(self) -> CrossingFiles:
        return CrossingFiles(self._directory, ("texts",), "last", {})

    def result(self, raw: tuple[Any, ...], view: tuple[()]) -> Said:
        if type(raw[1]) is not bytes:
            raise WrongResultError(f"no text, but {raw[1]!r} for {view}")
        return Said(*raw)

    def failed(self, text: bytes, *, late: bool = False, detail: bytes = b"") -> Said:
        return Said(ok=False, text=text, state=LATE if late else BROKEN)

    def lacks_memory(self, result: Said) -> bool:
        return result.text == b"not enough memory"

    def check_messages(self, messages: object, view: tuple[()]) -> None:
        raise WrongResultError("there are no streams")

    def stream_failed(self, text: bytes) -> bytes:
        return text


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    (tmp_path / "texts.lua").write_text(CHUNK)
    (tmp_path / "last.lua").write_text("greeting = 'hello'")
    return Texts(tmp_path)


def test_a_face_of_its_own(texts: Texts) -> None:
    lines: list[tuple[int, str, str, str]] = []

    async def scene() -> list[Said]:
        host = LuaHost(ModLua(user_path="/lib"), {"m": MODULE}.get, lambda *line: lines.append(line), texts)
        said = [
            await host.run(LuaCall(module, function, b"hello", (), 5), 20)
            for module, function in (("m", b"louder"), ("m", b"wrong"), ("none", b"f"))
        ]
        said.append(await host.run(LuaCall("m", b"forever", b"", (), 0), 0.05))
        assert host.run_inline(*LuaCall("none", b"f", b"", (), 0)) is None
        await host.stop()
        return said

    louder, wrong, none, forever = asyncio.run(scene())
    assert (louder.ok, louder.text) == (True, b"hello!")
    assert b"no text, but 5" in wrong.text
    assert none.text == b"no such library"
    assert forever.text == b"out of time"
    assert (2, "hello", "texts") in [(level, text, context) for level, _, text, context in lines]
