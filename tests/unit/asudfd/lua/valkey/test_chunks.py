"""The Lua files of Valkey's sandbox declare what they need and provide, and loading them checks it."""

import pytest

from asudfd.lua.state import LUA51, lua_error, new_state
from asudfd.lua.valkey.chunks import LIBRARY_FUNCTIONS, SANDBOX, compiled, load_sandbox, stripped
from tests.each import for_each_row


def test_sandbox_loads_in_a_bare_state() -> None:
    provided = load_sandbox(new_state(16 << 20, LUA51), {b"of_host": 5})
    assert provided[b"of_host"] == 5
    assert provided[b"new_function_environment"] is not None


def test_what_could_do_harm_is_gone_from_the_real_globals() -> None:
    state = new_state(16 << 20, LUA51)
    load_sandbox(state, {})
    names = set(state.execute(b"local k = {} for a in pairs(_G) do k[#k + 1] = a end return unpack(k)"))
    assert not names & {
        b"python",
        b"io",
        b"package",
        b"require",
        b"dofile",
        b"loadfile",
        b"debug",
        b"getfenv",
        b"setfenv",
    }


@for_each_row("name", SANDBOX)
def test_chunks_have_no_lines(name: str) -> None:
    """`limit.lua` and `arguments.lua` tell the user's code by its lines."""
    assert b"=%s.lua" % name.encode() not in compiled()[name]


def test_a_need_that_nobody_provides() -> None:
    state = new_state(16 << 20, LUA51)
    codes = stripped(
        {
            "chunk": b"local needs = ... local x = needs.nobody_has_it",
            "loader": b"return function(chunk, provided) return loadstring(chunk)(provided) end",
        }
    )
    provided = load_sandbox(state, {})
    with pytest.raises(lua_error(LUA51), match="needs 'nobody_has_it'"):
        state.execute(codes["loader"])(codes["chunk"], provided)


def test_every_library_function_is_named() -> None:
    """A function whose name is not listed would lose the caller's line in `return name()`."""
    state = new_state(16 << 20, LUA51)
    provided = load_sandbox(state, {})
    libraries = provided[b"new_libraries"]()
    names = state.execute(
        b"""
        local libraries, real_of = ...
        local names = {}
        for _, proxy in pairs(libraries) do
            for name, value in pairs(real_of(proxy)) do
                if type(value) == "function" then
                    names[#names + 1] = name
                end
            end
        end
        return unpack(names)""",
        libraries,
        provided[b"real_of"],
    )
    in_lua = {name for name in names if name in LIBRARY_FUNCTIONS.split() or name in _WRITTEN_IN_C}
    assert set(names) == in_lua


_WRITTEN_IN_C = frozenset(
    b"byte char len lower reverse sub upper running status yield clock abs acos asin atan atan2 ceil cos cosh deg exp floor"
    b" fmod frexp ldexp log log10 max min mod modf pow rad sin sinh sqrt tan tanh".split()
)
