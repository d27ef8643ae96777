"""Expressions on every library function with every kind of argument, as a real server answered them."""

from __future__ import annotations

import gzip
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asinfo.wire import msgpack, particle
from asudfd.lua.aerospike.record_view import RecordView, record_call
from tests.unit.asudfd.lua.aerospike.conftest import stored

if TYPE_CHECKING:
    from asudfd.lua.context import LuaContext

ROWS = Path("tests/vectors/lua_snippets.jsonl.gz")

MODULE = """
local function d(...) local n=select('#',...) local s=n..':' for i=1,n do local v=(select(i,...))
s=s..type(v)..'='..tostring(v)..';' end return s end
D=d
function ev(rec, src, a) local f,e=load(src,'=s','t') if not f then return 'LOADERR '..e end return f(rec,a) end
"""

BINS = stored({"i": 5, "s": "abc", "l": [1, 2, 3], "m": {"a": 1}, "b": b"\1\2\3\4", "f": 1.5, "t": True})
DIGEST = bytes.fromhex("CF56BD51C2A6B23C2D27CFE4CFAC2A61D6D46E87")


def _shown(text: object) -> str:
    """A text without addresses, and without a place in the module."""
    return re.sub(r"^[^ ]*:\d+:? ", "", re.sub(r"0x(ADDR|[0-9a-fA-F]+)", "0x", str(text)))


def _answer(context: LuaContext, snippet: str) -> list[Any]:
    subject = RecordView(True, 1, 0, 12345, b"fz", b"", DIGEST, BINS, True)
    arguments = msgpack.pack([snippet])
    code, kind, data, *_ = context.invoke(record_call("m", b"ev", arguments, subject), time.monotonic() + 60)
    text = _shown(particle.unpack(kind, data))
    return ["err", code, text] if code else ["ok", text]


def test_snippets(applier: Any) -> None:
    context = applier.load(MODULE, unsafe=True)
    different = []
    with gzip.open(ROWS, "rt", encoding="utf-8") as rows:
        for snippet, expected in map(json.loads, rows):
            if not context.usable:
                context = applier.load(MODULE, unsafe=True)
            if _answer(context, snippet) != [*expected[:-1], _shown(expected[-1])]:
                different.append(snippet)
    assert different == []
