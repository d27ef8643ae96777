"""The page of what a module sees, from the rows of `asinfo.lint`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.lint import api_rows, standard_rows
from docs.program import GENERATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from asinfo.lint.api import ApiFunction, ApiLibrary

_HEAD = f"""# What a Lua module sees

<!-- {GENERATED} -->

Everything that a module of user-defined functions (UDFs) finds in `asudfd`, and in a real server from 7.0 on with its hardened mode
(`allow-unsafe-lua false`): Lua 5.4 and the functions of the server. Where a real server does something else, the last column says so.
`?` stands behind an argument that may be missing and behind a result that may be nil; `...` is any number of them.
Editors that use the Lua language server know all of it with [aerospike.d.lua](../config/lua/aerospike.d.lua);
`asadm udf lint` checks modules against it: [lint.md](lint.md).

A record function is called as `f(rec, ...)` with the record and the arguments of the client, and its first result goes to the client.
A stream function is called as `f(stream, ...)` and returns the stream with its operations. Both are globals of the module.
A `Value` is what bins, arguments, results, lists and maps can have: nil, a boolean, a number, a string, a list, a map, bytes or GeoJSON.
A table of Lua is none: `list(t)` and `map(t)` make one of it.
"""


def page() -> str:
    """docs/lua-api.md."""
    sections = [_HEAD, "## Values\n", *_classes()]
    sections += ["## The node\n", f"The global `aerospike`. {api_rows.AEROSPIKE.help}\n"]
    sections.append(_table(api_rows.AEROSPIKE.methods, "aerospike:"))
    for library in api_rows.LIBRARIES:
        sections += [f"## {library.name}\n", f"{library.help}\n", _library(library)]
    sections += [
        "## The log\n",
        "These four are not there while a node checks a module, so a module calls them in functions only.\n",
        _table(api_rows.FUNCTIONS),
        "## Lua\n",
        _table(standard_rows.FUNCTIONS),
    ]
    for library in standard_rows.LIBRARIES:
        sections += [f"### {library.name}\n", f"{library.help}\n", _library(library)]
    sections += [
        "## What is not there\n",
        "Servers before 7.0 had Lua 5.1. What Lua 5.4 does not have any more:\n",
        _instead(standard_rows.REMOVED),
        (
            'What the hardened mode refuses; `require("debug")` and `require("io")`, too. A real server of 8.1.2.0 and before has all of it, and '
            "`os.exit()` ends it.\n"
        ),
        _instead(standard_rows.REFUSED),
        "## Names of the engine\n",
        (
            f"Globals that a module has no use for, and should not replace: {_codes((*api_rows.ENGINE, *api_rows.RESULTS))}. "
            f"`getmetatable` gives {_codes(name for name in api_rows.CLASS_TABLES if name != 'Aerospike')} for values of the server, which is how to "
            "tell their types: `getmetatable(v) == List`.\n"
        ),
    ]
    return "\n".join(sections).rstrip() + "\n"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _classes() -> Iterator[str]:
    for each in api_rows.CLASSES:
        yield f"### {each.name}\n"
        yield f"{each.help}\n"
        if each.methods:
            yield _table(each.methods, "stream:")


def _library(library: ApiLibrary) -> str:
    call = (library.call,) if library.call else ()
    parts = [_table(call)] if call and not library.functions else []
    if library.functions:
        parts = [_table((*call, *library.functions), f"{library.name}.", plain=len(call))]
    if library.values:
        parts.append("Constants: " + _codes(f"{library.name}.{name}" for name in library.values) + ".\n")
    return "\n".join(parts)


def _table(functions: Iterable[ApiFunction], prefix: str = "", *, plain: int = 0) -> str:
    """A row for each function; the first ``plain`` of them stand without the prefix."""
    rows = ["| function | gives | | a real server |", "|---|---|---|---|"]
    for number, each in enumerate(functions):
        name = ("" if number < plain else prefix) + each.name
        arguments = ", ".join(
            parameter.name + ("?" if parameter.optional and parameter.name != "..." else "")
            for parameter in each.parameters
        )
        gives = f"`{each.returns}`" if each.returns else ""
        cells = [f"`{name}({arguments})`", gives, each.help, each.differs]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _instead(names: Mapping[str, str]) -> str:
    rows = ["| name | write |", "|---|---|"]
    rows += [f"| `{name}` | {instead.replace('|', chr(92) + '|')} |" for name, instead in names.items()]
    return "\n".join(rows) + "\n"
