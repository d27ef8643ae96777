"""Memory of what has gone is returned though nothing more is used."""

from __future__ import annotations

import pytest

from tests.unit.asudfd.valkey.conftest import TestedKeyspace

SIZE = 40 << 20
SWEEPS = 10_000
"""Calls within which the memory must be returned: an hour's half of them at ten a second, so more means never."""


@pytest.mark.parametrize("line", ["DEL k", "FLUSHALL", "GETDEL k"])
def test_a_long_string_that_went_is_collected(keyspace: TestedKeyspace, line: str) -> None:
    lua = keyspace.engine.lua
    keyspace.run("SET", "k", b"x" * SIZE)
    before = lua[b"memory_used"]()
    assert before > SIZE
    keyspace.line(line)
    for _ in range(SWEEPS):
        lua[b"return_memory"]()
        if lua[b"memory_used"]() < before - SIZE // 2:
            return
    raise AssertionError
