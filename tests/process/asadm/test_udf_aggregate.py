"""``asadm udf aggregate`` on a cluster of three nodes in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import asudfd
from tests.unit.asadm.conftest import Asadm, Result, asadm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["asadm"]  # a fixture

BASE = "return {value = function(rec) return rec.n end}\n"
MODULE = """local base = require('base')
local function add(a, b) return a + b end
function sum(stream) return stream : map(base.value) : reduce(add) end
function scaled(stream, by) return stream : map(base.value) : reduce(add) : map(function(v) return v * by end) end
function all(stream) return stream : map(base.value) end
function groups(stream) return stream : map(base.value) : groupby(function(v) return v % 3 end) end
function bad(stream) return stream : map(function(rec) return rec.n.x.y end) end
function bad_here(stream) return stream : map(base.value) : reduce(function(a, b) return a.x.y end) end
"""
COUNT = 30


@pytest.fixture(scope="module")
def cluster() -> Iterator[asudfd.Node]:
    with asudfd.Node(nodes=3) as node:
        yield node


@pytest.fixture
def tool(asadm: Asadm, cluster: asudfd.Node, tmp_path: Path) -> Asadm:
    hosts = ",".join(f"{host}:{port}" for host, port in cluster.addresses)
    (tmp_path / "base.lua").write_text(BASE)
    (tmp_path / "s.lua").write_text(MODULE)

    def run(*words: str) -> Result:
        return asadm("-h", hosts, "--timeout", "20", "--json", "--enable", *words)

    for name in ("base.lua", "s.lua"):
        added = run("manage", "udfs", "add", name, "path", name)
        assert added.code == 0, added.err
    for number in range(COUNT):
        assert run("record", "put", f"test.stream/{number}", f"n={number}").code == 0
    return run


def test_values_of_all_nodes_become_one(tool: Asadm) -> None:
    total = sum(range(COUNT))
    for words, wanted in (
        (("s.sum",), [total]),
        (("s.scaled", "10"), [total * 10]),
        (("s.scaled", "--", "-1"), [-total]),
    ):
        done = tool("udf", "aggregate", "test.stream", *words)
        assert (done.code, done.document["values"]) == (0, wanted), done.err
    every = tool("udf", "aggregate", "test.stream", "s.all").document["values"]
    assert sorted(every) == list(range(COUNT))
    [groups] = tool("udf", "aggregate", "test.stream", "s.groups").document["values"]
    assert {key: sorted(found) for key, found in groups["$map"]} == {
        rest: list(range(rest, COUNT, 3)) for rest in range(3)
    }
    nothing = tool("udf", "aggregate", "test.nothing", "s.sum")
    assert (nothing.code, nothing.document["values"]) == (0, [])
    assert "nothing to aggregate" in nothing.err


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("test.stream", "s.bad"), 1, "s.lua:7: attempt to index a number value (field 'n')"),
        (("test.stream", "s.bad_here"), 1, "s.lua:8: attempt to index a number value"),
        (("test.stream", "s.none"), 1, "s.lua has no function 'none'"),
        (("test.stream", "other.f"), 1, "has no module other.lua: it has base.lua, s.lua"),
        (("none", "s.sum"), 1, "no such namespace"),
        (("test/k", "s.sum"), 2, "is no set"),
        (("test", "sum"), 2, "is no function"),
        (("test", "s.sum", "99999999999999999999"), 2, "more than 64 bits"),
    ],
)
def test_what_fails(tool: Asadm, words: tuple[str, ...], code: int, error: str) -> None:
    failed = tool("udf", "aggregate", *words)
    assert (failed.code, error in failed.err) == (code, True), failed.err
    assert '"values"' not in failed.out
