"""What the programs share: the calls, their order, and how a program tells what became of each.

A program prints a line for each call: its name and `ok`, `-` where the library has no such call, or what went wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

CALLS = (
    "connect",
    "put",
    "get",
    "lists",
    "maps",
    "batch",
    "query by index",
    "UDF register",
    "apply",
    "background",
    "aggregate",
    "UDF remove",
)
"""Every program makes them in this order, on a fresh node."""

BINS = {"n": 1, "s": "text", "l": [3, 1, 2], "m": {"a": 1}}
"""The record of `put`; `lists` appends 4 to `l` and asks for the largest element, `maps` puts `b` into `m`."""

COUNT = 10
"""Records of `batch` and of all queries, with n from 0 on; a query by index asks for n from 3 to 6."""

MODULE = """\
function add(rec, amount)
    rec.n = rec.n + amount
    aerospike:update(rec)
    return rec.n
end
local function value(rec) return rec.n end
local function plus(a, b) return a + b end
function sum(stream) return stream : map(value) : reduce(plus) end
"""
"""The module `calls.lua`, which lies in the program's directory."""


def run(calls: Mapping[str, Callable[[], object]]) -> None:
    """Make ``calls``, of which some give a pair: what they found and what it should be; print what became of each."""
    for name in CALLS:
        outcome = _outcome(calls[name]) if name in calls else "-"
        sys.stdout.write(f"{name}\t{outcome}\n")
        sys.stdout.flush()


def _outcome(call: Callable[[], object]) -> str:
    try:
        result = call()
    except Exception as error:  # noqa: BLE001 - whatever a library raises is what is to be told
        return " ".join(f"{type(error).__name__}: {error}".split())
    if not isinstance(result, tuple):
        return "ok"
    found, wanted = result
    return "ok" if found == wanted else f"found {found!r}"


def port() -> int:
    """The node's port, from the command line."""
    return int(sys.argv[1])
