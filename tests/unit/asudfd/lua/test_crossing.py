"""The engine runs the functions of any face: here one whose calls are a text in and a text out."""

import asyncio

import pytest

from asudfd.config.schema.lua import INLINE, PROCESS, ModLua
from asudfd.lua.call import LuaCall
from asudfd.lua.host import LuaHost
from asudfd.lua.worker.supply import WorkerSupply
from tests.fakes.texts import crossing
from tests.fakes.texts.crossing import Said

MODULE = b"""
function louder(text) print(text) return text .. "!" end
function wrong() return 5 end
function forever() while true do end end
"""


@pytest.mark.parametrize("isolation", [INLINE, PROCESS])
def test_a_face_of_its_own(isolation: str) -> None:
    lines: list[tuple[int, str, str, str]] = []
    supply = WorkerSupply(crossing.__name__)

    async def scene() -> list[Said]:
        host = LuaHost(
            ModLua(user_path="/lib", isolation=isolation),
            {"m": MODULE}.get,
            lambda *line: lines.append(line),
            crossing.CROSSING,
            supply=supply,
        )
        said = [
            await host.run(LuaCall(module, function, b"hello", (), 5), 20)
            for module, function in (("m", b"louder"), ("m", b"wrong"), ("none", b"f"))
        ]
        said.append(await host.run(LuaCall("m", b"forever", b"", (), 0), 0.05))
        assert host.run_inline(*LuaCall("none", b"f", b"", (), 0)) is None
        await host.stop()
        return said

    try:
        louder, wrong, none, forever = asyncio.run(scene())
    finally:
        supply.close()
    assert (louder.ok, louder.text) == (True, b"hello!")
    assert b"no text, but 5" in wrong.text
    assert none.text == b"no such library"
    assert forever.text == b"out of time"
    assert (2, "hello", "texts") in [(level, text, context) for level, _, text, context in lines]
