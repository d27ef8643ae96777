"""The rows about Lua: cases through the `aerospike` client, and snippets that call every function with all kinds of values."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import aerospike

from tests.compat.cases import Runner, read_cases
from tests.recorded.verdict import VECTORS, Verdict, judged, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.processes import Daemon

CASES_FILE = "lua_cases_2.jsonl"

SNIPPETS_FILE = "lua_snippets.jsonl.gz"

MODULE = """
local function d(...)
  local n = select('#', ...)
  local s = n .. ':'
  for i = 1, n do local v = (select(i, ...)) s = s .. type(v) .. '=' .. tostring(v) .. ';' end
  return s
end
D = d
function ev(rec, src, a) local f, e = load(src, '=s', 't') if not f then return 'LOADERR ' .. e end return f(rec, a) end
"""
"""The module that the snippets were recorded with."""

BINS = {"i": 5, "s": "abc", "l": [1, 2, 3], "m": {"a": 1}, "b": b"\1\2\3\4", "f": 1.5, "t": True}

KEY = ("test", "fz", None, bytearray.fromhex("CF56BD51C2A6B23C2D27CFE4CFAC2A61D6D46E87"))
"""The record of the snippets: some show its digest."""


def first_cases(node: Daemon, directory: Path) -> Iterator[Verdict]:
    """The cases that test_lua_cases runs one by one."""
    yield from _cases(node, directory, read_cases())


def cases(node: Daemon, directory: Path) -> Iterator[Verdict]:
    """The rows of CASES_FILE."""
    yield from _cases(node, directory, read_cases(VECTORS / CASES_FILE))


def _cases(node: Daemon, directory: Path, rows: list[Any]) -> Iterator[Verdict]:
    client = _client(node, directory)
    runner = Runner(client, node, directory)
    for case in rows:
        try:
            runner.run(case)
        except AssertionError as error:
            yield judged(case["id"], str(error), same=False)
        except aerospike.exception.AerospikeError as error:  # what a case brings about, or reads afterwards
            yield judged(case["id"], error.msg, same=False)
        else:
            yield judged(case["id"], "", same=True)
    runner.close()
    client.close()


def snippets(node: Daemon, directory: Path) -> Iterator[Verdict]:
    """The rows of SNIPPETS_FILE; the record is put anew before each."""
    client = _client(node, directory)
    runner = Runner(client, node, directory)
    assert runner.put("snippets.lua", MODULE) == "ok"
    for number, (snippet, expected) in enumerate(read(SNIPPETS_FILE)):
        with contextlib.suppress(aerospike.exception.RecordNotFound):
            client.remove(KEY)
        client.put(KEY, BINS)
        try:
            found = ["ok", _shown(client.apply(KEY, "snippets", "ev", [snippet]))]
        except aerospike.exception.AerospikeError as error:
            found = ["err", error.code, _shown(error.msg)]
        same = found == [*expected[:-1], _shown(expected[-1])]
        yield judged(f"{number}: {snippet}", found, same=same)
    runner.close()
    client.close()


def _client(node: Daemon, directory: Path) -> Any:
    return aerospike.client({"hosts": node.addresses, "lua": {"user_path": str(directory)}}).connect()


def _shown(text: object) -> str:
    """A text without the node, addresses, and a place in the module."""
    text = re.sub(r"^127\.0\.0\.1:\d+ ", "", str(text))
    return re.sub(r"^[^ ]*:\d+:? ", "", re.sub(r"0x(ADDR|[0-9a-fA-F]+)", "0x", text))
