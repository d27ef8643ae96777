"""The rows of what a module sees are what the sandbox gives it: every name, and no other."""

from collections.abc import Iterator
from typing import Any

import pytest

from asinfo.lint import api_rows, standard_rows
from asinfo.lint.api import ApiFunction, ApiParameter
from tests.each import for_each
from tests.unit.asudfd.lua.aerospike.conftest import Applier

LIBRARIES = {library.name: library for library in (*api_rows.LIBRARIES, *standard_rows.LIBRARIES)}

KEYS = """
function keys(_, name)
    local t, found = name and _G[name] or _G, {}
    for key in next, t do found[#found + 1] = key end
    return list(found)
end
function callable(_, name)
    local ok, message = pcall(_G[name], {})
    return ok or not string.find(message, "attempt to call", 1, true)
end
function has(_, name, field)
    return _G[name][field] ~= nil
end
function has_method(_, names)
    local found = list()
    for name in list.iterator(names) do
        if pcall(function() return aerospike[name] end) and aerospike[name] then list.append(found, name) end
    end
    return found
end
"""


@pytest.fixture
def ask(applier: Applier) -> Any:
    context = applier.load(KEYS)
    return lambda function, *arguments: applier.apply(context, function, list(arguments), {"a": 1}).value


def test_globals(ask: Any) -> None:
    own = {"keys", "callable", "has", "has_method"}
    declared = {
        *LIBRARIES,
        *api_rows.CLASS_TABLES,
        *api_rows.ENGINE,
        *standard_rows.VALUES,
        *(function.name for function in (*api_rows.FUNCTIONS, *standard_rows.FUNCTIONS)),
        "aerospike",
    }
    assert set(ask("keys")) - own == declared
    assert set(ask("keys")) - own - declared == set(api_rows.RESULTS)  # the first call has left them


@pytest.mark.parametrize("name", LIBRARIES)
def test_libraries(ask: Any, name: str) -> None:
    assert sorted(ask("keys", name)) == sorted(LIBRARIES[name].names)
    assert ask("callable", name) == (LIBRARIES[name].call is not None)


def test_methods_of_aerospike(ask: Any) -> None:
    names = [method.name for method in api_rows.AEROSPIKE.methods]
    assert ask("has_method", [*names, "udpate"]) == names


def test_methods_of_streams(ask: Any) -> None:
    stream = next(each for each in api_rows.CLASSES if each.name == "Stream")
    assert sorted(ask("keys", "StreamOps")) == sorted(method.name for method in stream.methods)


def test_what_is_refused_or_removed_is_not_there(ask: Any) -> None:
    there = set(ask("keys"))
    for path in (*standard_rows.REMOVED, *standard_rows.REFUSED):
        library, dot, field = path.partition(".")
        if dot:
            assert not ask("has", library, field), path
        else:
            assert path not in there


VALUES = {
    "Record": "rec",
    "List": "list{1, 2}",
    "Map": "map{a = 1}",
    "Bytes": "some_bytes()",
    "GeoJSON": "geojson('{}')",
    "Iterator": "select(2, list.iterator(list{1}))",
    "Value": "'v'",
    "Key": "'a'",
    "any": "'1'",
    "integer": "1",
    "number": "1.5",
    "string": "'1'",
    "boolean": "true",
    "table": "{1, 2}",
    "function": "function(...) return ... end",
    "thread": "coroutine.create(function() coroutine.yield() end)",
    "table|string": "{}",
    "table|nil": "nil",
    "integer|string": "1",
}
"""A value of each type that an argument has."""

TEXTS = {
    "table.concat.t": "{'a'}",
    "table.insert.t": "{}",
    "table.insert.i": "1",
    "table.remove.t": "{}",
    "table.sort.t": "{2, 1}",
    "table.unpack.t": "{1}",
    "ipairs.t": "list{1}",
    "pairs.t": "{}",
    "next.key": "1",
    "string.format.format": "'x'",
    "string.pack.format": "''",
    "string.packsize.format": "'i4'",
    "string.unpack.format": "'b'",
    "string.char....": "65",
    "collectgarbage.option": "'count'",
    "tonumber.value": "'11'",
    "tonumber.base": "2",
    "require.name": "'string'",
    "select.n": "1",
    "os.date.format": "'!%c'",
    "os.time.fields": "{year = 2026, month = 1, day = 1}",
    "record.set_ttl.seconds": "-1",
    "math.tointeger.x": "1.0",
    "xpcall.handler": "tostring",
}
"""Values for arguments whose type does not say enough, by function and name."""

RAISES = {"assert", "error", "coroutine.yield"}
"""Functions whose work it is to raise an error, or that need more around them."""

KINDS = {
    "": "nothing",
    "boolean": "boolean",
    "integer": "integer",
    "number": "number",
    "string": "string",
    "table": "table",
    "string[]": "table",
    "function": "function",
    "thread": "thread",
    "List": "List",
    "Map": "Map",
    "Bytes": "Bytes",
}

CALL = """
function some_bytes() local b = bytes(8) bytes.append_int64(b, 258) bytes.append_string(b, 'abc') return b end
local function kind(...)
    if select('#', ...) == 0 then return 'nothing' end
    local value = ...
    local class = type(value) == 'userdata' and getmetatable(value)
    if class == List then return 'List' elseif class == Map then return 'Map' elseif class == Bytes then return 'Bytes' end
    return math.type(value) or type(value)
end
"""


def _functions() -> Iterator[tuple[str, ApiFunction]]:
    """Each function that a module may call, by what it writes for it; those of the engine are left out."""
    for method in api_rows.AEROSPIKE.methods:
        yield f"aerospike:{method.name}", method
    for each in (*api_rows.FUNCTIONS, *standard_rows.FUNCTIONS):
        yield each.name, each
    for library in LIBRARIES.values():
        if library.call:
            yield library.name, library.call
        if library.name != "stream":
            yield from ((f"{library.name}.{each.name}", each) for each in library.functions)


def _argument(name: str, parameter: ApiParameter) -> str:
    type_ = "function" if parameter.type.startswith("fun(") else parameter.type
    return TEXTS.get(f"{name}.{parameter.name}") or VALUES[type_]


def _fits(kind: str, returns: str) -> bool:
    """Whether the first value that a function gave is what its row says."""
    first = returns.split(", ", maxsplit=1)[0].removesuffix(" ...")
    if first == "any" or "|" in first or kind == KINDS.get(first):
        return True
    if first == "number":
        return kind in {"integer", "float"}
    return (
        first.endswith("?") and (kind in {"nothing", "nil"} or _fits(kind, first[:-1]))
    ) or first == "GeoJSON"


@for_each(_functions(), lambda case: case[0])
def test_a_function_takes_and_gives_what_its_row_says(
    case: tuple[str, ApiFunction], applier: Applier
) -> None:
    name, function = case
    if name in RAISES:
        return
    for count in {function.least, function.most if function.most is not None else len(function.parameters)}:
        arguments = ", ".join(_argument(name, each) for each in function.parameters[:count])
        context = applier.load(f"{CALL}function f(rec) return kind({name}({arguments})) end")
        called = applier.apply(context, "f", [], {"a": 1})
        assert called.code == 0, (arguments, called.value)
        assert _fits(called.value, function.returns), (arguments, called.value, function.returns)
        applier.close()
