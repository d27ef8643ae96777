"""What a real server was recorded with, tried as on the event loop: each row is answered the same, or given up."""

from __future__ import annotations

import gzip
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

from asinfo.wire import msgpack, particle
from asudfd.lua.aerospike.record_view import RecordView
from asudfd.lua.call import LATE
from tests.unit.asudfd.lua.aerospike import test_apply_recorded as first
from tests.unit.asudfd.lua.aerospike import test_apply_recorded_2 as second
from tests.unit.asudfd.lua.aerospike import test_as_recorded as snippets

if TYPE_CHECKING:
    from asudfd.lua.context import LuaContext
    from tests.unit.asudfd.lua.aerospike.conftest import Applier

SECONDS = 60.0
"""Of the processor that a trial has here: it is its guards that give it up, not the time."""


def _wrong(rows: list[Any], applier: Applier) -> tuple[list[str], int]:
    """The rows that are answered otherwise, and how many are given up."""
    wrong, late = [], 0
    for row in rows:
        if "put_error" in row["expect"]:
            continue
        ((source),) = row["modules"].values()
        with closing(applier):
            context = applier.load(source, name=row["module"].encode(), unsafe=row["id"] in first.HARDENED)
            called = applier.apply(
                context,
                row["function"],
                first.value(row["args"]),
                first.bins_of(row),
                ttl=max(0, (row["record"] or {}).get("ttl", 0)),
                key=first.key_of(row),
                trial=True,
                seconds=SECONDS,
            )
        if called.raw.state == LATE:
            late += 1
        elif not first.is_as_recorded(row, called):
            wrong.append(row["id"])
    return wrong, late


def test_calls(applier: Applier) -> None:
    applier.guarded = True
    rows = [*first._cases(), *second._rows()]
    wrong, late = _wrong(rows, applier)
    assert [name for name in wrong if name not in second.ELSEWHERE | second.NO_SERVER] == []
    assert late < len(rows) / 10


def _tried(context: LuaContext, snippet: str) -> Any:
    subject = RecordView(True, 1, 0, 12345, b"fz", b"", snippets.DIGEST, snippets.BINS, True)
    return context.try_out(b"ev", SECONDS, msgpack.pack([snippet]), subject)


def test_snippets(applier: Applier) -> None:
    applier.guarded = True
    context = applier.load(snippets.MODULE, unsafe=True)
    wrong, late, count = [], 0, 0
    with gzip.open(snippets.ROWS, "rt", encoding="utf-8") as rows:
        for snippet, expected in map(json.loads, rows):
            if not context.usable:
                applier.close()
                context = applier.load(snippets.MODULE, unsafe=True)
            result = _tried(context, snippet)
            count += 1
            if result.state == LATE:
                late += 1
                continue
            text = snippets._shown(particle.unpack(result.particle, result.value))
            if [*expected[:-1], snippets._shown(expected[-1])] != (
                ["err", result.code, text] if result.code else ["ok", text]
            ):
                wrong.append(snippet)
    assert wrong == []
    assert late < count / 10
