"""The Lua files of the sandbox declare what they need and provide, and loading them checks it."""

import re
from importlib.resources import files

import pytest

from asudfd.lua import context as context_module
from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.context import ContextSettings, LuaContext
from asudfd.lua.sandbox import sandbox_chunks
from asudfd.lua.state import LUA51, LUA54, compile_text, lua_error, new_state
from tests.each import for_each_row

HERE = files("asudfd.lua")
LUA_FILES = sorted(
    path.relative_to(str(HERE)).as_posix()  # type: ignore[attr-defined]  # a package in a directory
    for directory in (HERE, HERE / "aerospike")
    for path in directory.iterdir()
    if path.name.endswith(".lua")
)
WITHOUT_NEEDS = {
    "aerospike/as.lua",
    "sandbox.lua",
    "cost.lua",
    "bytecode.lua",
    "line_watch.lua",
    "aerospike/log.lua",
}
USE = re.compile(r"\bneeds\b( =|\.)")
DECLARATION = re.compile(r"local [\w, ]+ = needs\.\w+(, needs\.\w+)*( --.*)?")


@for_each_row("name", LUA_FILES)
def test_needs_are_declared_and_nowhere_else(name: str) -> None:
    """A chunk that looked into `needs` later would need something that nobody has checked."""
    lines = [line for line in (HERE / name).read_text().splitlines() if USE.search(line.partition("--")[0])]
    if name in WITHOUT_NEEDS:
        assert lines == []
    else:
        assert lines[0] == "local needs = ..."
        assert [line for line in lines[1:] if not DECLARATION.fullmatch(line)] == []


@pytest.mark.parametrize(
    ("chunk", "text"),
    [
        (
            b"local needs = ... local a, b = needs.env, needs.nothing_of_the_kind",
            "needs 'nothing_of_the_kind'",
        ),
        (b"local needs = ... return { env = {} }", "provide 'env'"),
        (b"return { spend = 1 }", "provide 'spend'"),
    ],
)
def test_a_wrong_declaration_refuses_to_load(
    monkeypatch: pytest.MonkeyPatch, chunk: bytes, text: str
) -> None:
    chunks = sandbox_chunks(CROSSING)
    *others, last = chunks.others
    code = compile_text(chunk, b"=wrong").code
    assert code is not None
    wrong = chunks._replace(others=(*others, code, last))
    monkeypatch.setattr(context_module, "sandbox_chunks", lambda _: wrong)
    settings = ContextSettings(b"/udf", 64 << 20, False, lambda _: None, lambda *_: None, CROSSING)
    with pytest.raises(lua_error(), match=text):
        LuaContext(settings, set())


@pytest.mark.parametrize(("version", "name"), [(LUA54, b"Lua 5.4"), (LUA51, b"Lua 5.1")])
def test_the_version_of_lua_is_a_parameter(version: str, name: bytes) -> None:
    state = new_state(1 << 20, version)
    assert state.execute(b"return _VERSION") == name
    code = compile_text(b"return _VERSION", b"=text", version=version).code
    assert state.execute(code, mode="b") == name
    assert compile_text(b"return =", b"=text", version=version).message.startswith(
        b"text:1: unexpected symbol"
    )
    with pytest.raises(lua_error(version)) as raised:
        state.execute(b"return ('x'):rep(1e7)")
    assert isinstance(raised.value, MemoryError)
