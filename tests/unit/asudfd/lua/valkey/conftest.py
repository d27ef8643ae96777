"""Functions and scripts in a sandbox of their own, without a keyspace."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from asudfd.lua.state import LUA51, new_state
from asudfd.lua.valkey.chunks import load_sandbox, stripped

MEMORY = 64 << 20

HARNESS = b"""
local needs = ...
local run, begin, place, set_tick, real_of = needs.run, needs.begin, needs.place, needs.set_tick, needs.real_of
local api = { call = function(name) error({ err = "ERR " .. name }, 0) end, LOG_DEBUG = 0 }
function api.large()
    needs.note(1e7)
    for _ = 1, 30 do -- other code than the user's is where the hook is met
    end
end
local callback
local load_api = { LOG_DEBUG = 0, register_function = function(_, f) callback = f end }
local functions = needs.new_function_environment(needs.new_libraries(), api, load_api)
local scripts = needs.new_script_environment(needs.new_libraries(), api)

local limit, asked, ends = 1e300, 0, 0
local clock, tostring, kind = os.clock, tostring, type
set_tick(function()
    asked = asked + 1
    if clock() < limit then
        return nil
    end
    ends = ends + 1
    return { err = "ERR ended" }
end)

local function with_place(value)
    local source, line = place()
    local text = kind(value) == "table" and tostring(value.err) or tostring(value)
    return text .. (source and " @" .. source .. ":" .. line or "")
end

local function call(f, ...)
    begin()
    return run(f, with_place, ...)
end

local harness = {}

function harness.load(text)
    functions.begin_load()
    local chunk, message = functions.compile(text, "@user_function")
    local ok, value = nil, message
    if chunk then
        ok, value = call(chunk)
    end
    functions.end_load()
    return not ok and value or nil
end

function harness.fcall(...)
    local ok, value = call(callback, ...)
    return ok, value
end

function harness.eval(text, keys, argv)
    local chunk, message = scripts.compile(text, "@user_script")
    if not chunk then
        return false, message
    end
    scripts.set_arguments(keys, argv)
    return call(chunk)
end

function harness.end_after(seconds)
    limit, asked, ends = seconds and clock() + seconds or 1e300, 0, 0
end

function harness.asked()
    return asked, ends
end
return harness
"""


class Sandbox:
    """A state with the sandbox; calls functions and scripts in it."""

    def __init__(self, memory: int = MEMORY) -> None:
        self.state: Any = new_state(memory, LUA51)
        self.provided = load_sandbox(self.state, {})
        self._harness = self.state.execute(stripped({"harness": HARNESS})["harness"], self.provided)

    def load(self, text: bytes) -> bytes | None:
        """Load a library: the error, or None."""
        error: bytes | None = self._harness[b"load"](text)
        return error

    def call(self, body: str, *arguments: object) -> object:
        """The result of a function with that body, or the text of its error."""
        text = "server.register_function('f', function(keys, args)\n" + body + "\nend)"
        error = self.load(text.encode("latin-1"))
        if error is not None:
            return error
        return self._harness[b"fcall"](*arguments)[1]

    def eval(self, text: str) -> object:
        """The first result of a script, or the text of its error."""
        table = self.state.table_from
        result = self._harness[b"eval"](text.encode("latin-1"), table([b"k"]), table([b"v"]))
        return result[1] if isinstance(result, tuple) else None

    def end_after(self, seconds: float | None) -> None:
        """Let a running call be ended after so many seconds of the processor."""
        self._harness[b"end_after"](seconds)

    def asked(self) -> tuple[int, int]:
        """How often it was asked whether the call is to end, and how often the answer was that it is."""
        count: tuple[int, int] = self._harness[b"asked"]()
        return count

    def seconds_to_end(self, body: str, seconds: float = 0.05) -> tuple[float, object]:
        """Seconds of the processor that a call takes from when it was to end, and its result."""
        self.end_after(seconds)
        begin = time.process_time()
        result = self.call(body)
        used = time.process_time() - begin
        self.end_after(None)
        return used - seconds, result


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def call(sandbox: Sandbox) -> Callable[..., object]:
    return sandbox.call
