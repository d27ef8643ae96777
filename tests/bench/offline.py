"""The loop of an author of functions: `asudfd run`, `asudfd.call`, `asudfd run-with`, `asadm udf run` on a node, and a test with the plugin.

Whole processes by the clock (medians of 15 rounds, interleaved) and by CPU time; a call in this process by CPU time, the
median of 20 series of 1,000. The test calls one function of a node with the client `aerospike`, and is compared with an empty
test of the same pytest.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import asudfd
from tests.bench.figures import figure
from tests.bench.processes import BIN, directory, environment, median, run_cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUNDS = 15
SERIES, CALLS = 20, 1000

MODULE = """
function nothing(rec)
  return 1
end

function increment(rec, bin, by)
  rec[bin] = (rec[bin] or 0) + by
  if aerospike:exists(rec) then aerospike:update(rec) else aerospike:create(rec) end
  return rec[bin]
end
"""

EMPTY = "def test_nothing():\n    pass\n"

TEST = """
def test_increment(udf, asudf_client):
    udf("m.lua")
    assert asudf_client.apply(("test", "demo", "k"), "m", "increment", ["count", 5]) == 5
"""

RUN, RUN_WITH, ON_NODE, BARE, ONE = (
    "asudfd run",
    "asudfd run-with -- true",
    "asadm udf run, a node on loopback",
    "pytest, an empty test",
    "pytest, a test of a function",
)
TARGETS = {RUN: "at most 300 ms", ON_NODE: "at most 150 ms"}


def run() -> None:
    """Record seconds of processes and of calls."""
    _calls()
    with directory() as home, asudfd.NodeProcess() as node:
        _processes(home, f"{node.host}:{node.port}")


def _calls() -> None:
    cases: dict[str, Callable[[], object]] = {
        "that does nothing": lambda: asudfd.call(MODULE, "nothing"),
        "that increments a bin": lambda: asudfd.call(MODULE, "increment", {"count": 1}, "count", 5),
    }
    for name, call in cases.items():
        call()
        figure(
            f"asudfd.call of a function {name}: CPU",
            median([_series(call) for _ in range(SERIES)]) * 1e6,
            "us",
        )


def _series(call: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - began) / CALLS


def _processes(home: Path, node: str) -> None:
    for name, text in (("m.lua", MODULE), ("test_empty.py", EMPTY), ("test_one.py", TEST)):
        (home / name).write_text(text)
    env = environment(home, PYTHONPATH=os.pathsep.join(sys.path), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "asudfd.pytest_plugin", "-p", "no:cacheprovider"]
    commands = {
        RUN: [
            str(BIN / "asudfd"),
            "run",
            str(home / "m.lua"),
            "increment",
            "count",
            "5",
            "--bins",
            '{"count": 1}',
        ],
        RUN_WITH: [str(BIN / "asudfd"), "run-with", "--", "true"],
        ON_NODE: [
            *(str(BIN / "asadm"), "-h", node, "--enable", "udf", "run"),
            *("m.increment", "test.demo/k", "count", "5"),
        ],
        BARE: [*pytest, str(home / "test_empty.py")],
        ONE: [*pytest, str(home / "test_one.py")],
    }
    put = [
        str(BIN / "asadm"),
        "-h",
        node,
        "--enable",
        "manage",
        "udfs",
        "add",
        "m.lua",
        "path",
        str(home / "m.lua"),
    ]
    run_cpu_seconds(put, env)
    walls: dict[str, list[float]] = {name: [] for name in commands}
    cpus: dict[str, list[float]] = {name: [] for name in commands}
    for argv in commands.values():
        run_cpu_seconds(argv, env)  # bytecode is made now
    for _ in range(ROUNDS):
        for name, argv in commands.items():
            began = time.perf_counter()
            cpus[name].append(run_cpu_seconds(argv, env))
            walls[name].append(time.perf_counter() - began)
    for name in commands:
        figure(name, median(walls[name]) * 1e3, "ms", target=TARGETS.get(name))
        figure(f"{name}: CPU", median(cpus[name]) * 1e3, "ms")
    beyond = median(walls[ONE]) - median(walls[BARE])
    figure("a test of a function beyond an empty one", beyond * 1e3, "ms", target="at most 1,000 ms")
