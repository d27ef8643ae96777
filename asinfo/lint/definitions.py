"""What a module sees, for other tools: definitions and settings of the Lua language server (LuaLS), settings of luacheck."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from asinfo.lint import api_rows, standard_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asinfo.lint.api import ApiClass, ApiFunction, ApiLibrary

_HEAD = """---@meta
-- What modules of Aerospike see, for the Lua language server. Made by asudf from the rows that `asadm udf lint` checks by.
-- The .luarc.json of a project names the directory of this file: "workspace": {"library": ["PATH"]}.

---@alias Value nil|boolean|number|string|List|Map|Bytes|GeoJSON
---@alias Key integer|string|Bytes
"""


def definitions() -> str:
    """The text of aerospike.d.lua."""
    parts = [_HEAD]
    parts += [_class(each) for each in api_rows.CLASSES]
    parts.append(_class(api_rows.AEROSPIKE, "aerospike"))
    parts += [_library_definition(library) for library in api_rows.LIBRARIES]
    parts += [_function(each, f"function {each.name}") for each in api_rows.FUNCTIONS]
    parts += [_function(each, f"function math.{each.name}") for each in _own_math()]
    parts += [f"---@type table\n{name} = nil\n" for name in api_rows.CLASS_TABLES if name != "Aerospike"]
    return "\n".join(parts)


def _own_math() -> Iterator[ApiFunction]:
    """The functions of `math` that Lua does not have."""
    library = next(each for each in standard_rows.LIBRARIES if each.name == "math")
    return (each for each in library.functions if each.name in {"sum", "product"})


def _class(each: ApiClass, variable: str = "") -> str:
    """A class; ``variable`` is the global that is the only value of it."""
    owner = variable or f"{each.name}Class"
    lines = [f"---{each.help}", f"---@class {each.name}"]
    if each.fields:
        lines.append(f"---@field {each.fields}")
    lines += [f"{'local ' if not variable else ''}{owner} = {{}}", ""]
    lines += [_function(method, f"function {owner}:{method.name}") for method in each.methods]
    return "\n".join(lines)


def _library_definition(library: ApiLibrary) -> str:
    lines = [f"---{library.help}", f"---@class {library.name}Library"]
    if library.call:
        arguments = ", ".join(
            f"{each.name}{'?' * each.optional}: {each.type}" for each in library.call.parameters
        )
        lines.append(f"---@overload fun({arguments}): {library.call.returns}")
    lines += [f"{library.name} = {{}}", ""]
    lines += [_function(each, f"function {library.name}.{each.name}") for each in library.functions]
    return "\n".join(lines)


def _function(function: ApiFunction, declaration: str) -> str:
    lines = [f"---{function.help}"]
    names = []
    for parameter in function.parameters:
        name = parameter.name
        mark = "?" if parameter.optional and name != "..." else ""
        lines.append(f"---@param {name}{mark} {parameter.type}")
        names.append(name)
    lines += [f"---@return {_one_result(each)}" for each in function.returns.split(", ") if each]
    lines.append(f"{declaration}({', '.join(names)}) end\n")
    return "\n".join(lines)


def _one_result(returns: str) -> str:
    """``any ...`` is written without a blank there."""
    return returns.replace(" ...", "...")


_NOT_THERE = ("debug", "ffi", "io", "jit", "jit.profile", "jit.util")
"""Libraries that the language server knows, and hardened nodes do not have; `debug` is a function of theirs."""


def luarc(library: str) -> str:
    """The settings of the language server for a project, with ``library``, the directory of aerospike.d.lua."""
    settings = {
        "runtime": {"version": "Lua 5.4", "builtin": dict.fromkeys(_NOT_THERE, "disable")},
        "workspace": {"library": [library]},
        "diagnostics": {"disable": ["lowercase-global"]},
    }
    return json.dumps(settings, indent=4) + "\n"


def luacheckrc() -> str:
    """The settings of luacheck for a directory of modules."""
    names = [
        "aerospike",
        *(library.name for library in api_rows.LIBRARIES if library.name != "stream"),
        *(function.name for function in api_rows.FUNCTIONS),
        *(name for name in api_rows.CLASS_TABLES if name != "Aerospike"),
    ]
    lines = ", ".join(f'"{name}"' for name in names)
    own = ", ".join(f'"{each.name}"' for each in _own_math())
    return f"""-- The .luacheckrc of a directory of Aerospike modules: their functions are globals, and so is what the node gives them.
std = "lua54"
max_line_length = false
allow_defined_top = true
ignore = {{ "131" }} -- functions that clients call are not called here
read_globals = {{
    {lines},
    math = {{ fields = {{ {own} }} }},
}}
"""
