"""What a module sees, by name: made of the rows once a process."""

from __future__ import annotations

from functools import lru_cache

from asinfo.lint import api_rows, standard_rows

_LIBRARIES = (*api_rows.LIBRARIES, *standard_rows.LIBRARIES)

FIELDS = {library.name: frozenset(library.names) for library in _LIBRARIES}
"""Fields of libraries, by the global."""

OWN_LIBRARIES = frozenset(library.name for library in api_rows.LIBRARIES)
"""The libraries that are not Lua's."""

FUNCTIONS = {
    **{function.name: function for function in (*api_rows.FUNCTIONS, *standard_rows.FUNCTIONS)},
    **{library.name: library.call for library in _LIBRARIES if library.call},
    **{
        f"{library.name}.{function.name}": function
        for library in _LIBRARIES
        for function in library.functions
    },
}
"""Functions, by the path that calls them: ``info``, ``list``, ``list.append``."""

METHODS = {method.name: method for method in api_rows.AEROSPIKE.methods}
"""Of ``aerospike``."""

STREAM_METHODS = {
    method.name: method for each in api_rows.CLASSES if each.name == "Stream" for method in each.methods
}
"""Of the stream that a stream function gets."""

LOGGING = frozenset(function.name for function in api_rows.FUNCTIONS)

OWN_GLOBALS = frozenset({*OWN_LIBRARIES, *LOGGING, *api_rows.CLASS_TABLES, *api_rows.ENGINE, "aerospike"})
"""Globals that a module should not replace."""

GLOBALS = frozenset(
    {
        *OWN_GLOBALS,
        *api_rows.RESULTS,
        *FIELDS,
        *standard_rows.VALUES,
        *(function.name for function in standard_rows.FUNCTIONS),
    }
)
"""All that are there."""

MAKERS = {
    name: api_rows.CLASS_TABLES[made]
    for name, function in FUNCTIONS.items()
    if (made := function.returns.removesuffix("?")) in api_rows.CLASS_TABLES
}
"""Functions that give a value of the server, or nothing, and the library for it."""

KNOWN_MAX = 1000
"""Names among which one that was meant is looked for: more take longer than a hint is worth."""


@lru_cache(maxsize=1024)
def suggestion(name: str, known: frozenset[str]) -> str:
    """``; did you mean X?`` where something known is written nearly so; else nothing."""
    from difflib import get_close_matches  # only a mistake needs it

    near = get_close_matches(name, sorted(known), 1, 0.7) if len(known) <= KNOWN_MAX else ()
    return f"; did you mean {near[0]}?" if near else ""
