"""The rows of what a module sees are what the sandbox gives it: every name, and no other."""

from typing import Any

import pytest

from asadm.lint import api_rows, standard_rows
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
