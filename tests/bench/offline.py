"""The loop of an author of functions: `asudfd run`, `asudfd.call`, `asudfd run-with`, `asadm udf run` on a node, and a test with the plugin.

Whole processes by the clock (medians of 15 rounds, interleaved) and by CPU time; a call in this process by CPU time, the
median of 20 series of 1,000; the same where it is noted which lines run (`--lua-coverage`). The test calls one function of a node with the client `aerospike`, and is compared with an empty
test of the same pytest.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import asudfd
from asudfd.lua.line_marks import LineMarks
from asudfd.lua.line_watch import LineWatch
from asudfd.offline import OfflineModule
from tests.bench.figures import figure
from tests.bench.processes import BIN, directory, environment, median, run_cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUNDS = 15
SERIES, CALLS = 20, 1000
LOOPS, TURNS = 10, 100_000

MODULE = """
function nothing(rec)
  return 1
end

function increment(rec, bin, by)
  rec[bin] = (rec[bin] or 0) + by
  if aerospike:exists(rec) then aerospike:update(rec) else aerospike:create(rec) end
  return rec[bin]
end

function sum(rec, n)
  local s = 0
  for i = 1, n do
    s = s + i
  end
  return s
end

function tally(rec, n)
  local odd, even, last = 0, 0, {}
  for i = 1, n do
    local x = i % 7
    if x % 2 == 1 then
      odd = odd + x
    else
      even = even + x
    end
    last[x] = odd
  end
  return odd - even
end
"""

EMPTY = "def test_nothing():\n    pass\n"

TEST = """
def test_increment(udf, asudf_client):
    udf("m.lua")
    assert asudf_client.apply(("test", "demo", "k"), "m", "increment", ["count", 5]) == 5
"""

PUT, RUN, RUN_WITH, ON_NODE, BARE, ONE = (
    "asadm manage udfs add",
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
    _coverage()
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


def _coverage() -> None:
    """How much longer calls take where it is noted which lines run; both by turns."""
    plain = OfflineModule(MODULE, seconds=60)
    noted = OfflineModule(MODULE, seconds=60, watch=LineWatch(marks=LineMarks()))
    cases: dict[str, tuple[str, tuple[object, ...], int]] = {
        "a function that increments a bin": ("increment", ("count", 5), CALLS),
        "a loop of one line, 100,000 turns": ("sum", (TURNS,), LOOPS),
        "a loop with branches, 100,000 turns": ("tally", (TURNS,), LOOPS),
    }
    for name, (function, arguments, calls) in cases.items():
        taken: dict[OfflineModule, list[float]] = {plain: [], noted: []}
        for _ in range(SERIES):
            for module, seconds in taken.items():
                seconds.append(_series(partial(module.call, function, {"count": 1}, *arguments), calls))
        ratio = median(taken[noted]) / median(taken[plain])
        figure(f"with coverage, {name}: CPU", ratio, "x", target="at most 3 x")


def _series(call: Callable[[], object], calls: int = CALLS) -> float:
    began = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - began) / calls


def _processes(home: Path, node: str) -> None:
    env = environment(home, PYTHONPATH=os.pathsep.join(sys.path), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    commands = _commands(home, node)
    run_cpu_seconds(commands.pop(PUT), env)
    walls: dict[str, list[float]] = {name: [] for name in commands}
    cpus: dict[str, list[float]] = {name: [] for name in commands}
    for argv in commands.values():
        run_cpu_seconds(argv, env)  # bytecode is made now
    for _ in range(ROUNDS):
        for name, argv in commands.items():
            began = time.perf_counter()
            cpus[name].append(run_cpu_seconds(argv, env, quiet=True))
            walls[name].append(time.perf_counter() - began)
    for name in commands:
        figure(name, median(walls[name]) * 1e3, "ms", target=TARGETS.get(name))
        figure(f"{name}: CPU", median(cpus[name]) * 1e3, "ms")
    beyond = median(walls[ONE]) - median(walls[BARE])
    figure("a test of a function beyond an empty one", beyond * 1e3, "ms", target="at most 1,000 ms")


def _commands(home: Path, node: str) -> dict[str, list[str]]:
    """What is run; what it needs is in ``home`` and on the node."""
    for name, text in (("m.lua", MODULE), ("test_empty.py", EMPTY), ("test_one.py", TEST)):
        (home / name).write_text(text)
    module = str(home / "m.lua")
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "asudfd.pytest_plugin", "-p", "no:cacheprovider"]
    daemon, asadm = str(BIN / "asudfd"), [str(BIN / "asadm"), "-h", node, "--enable"]
    return {
        PUT: [*asadm, "manage", "udfs", "add", "m.lua", "path", module],
        RUN: [daemon, "run", module, "increment", "count", "5", "--bins", '{"count": 1}'],
        RUN_WITH: [daemon, "run-with", "--", "true"],
        ON_NODE: [*asadm, "udf", "run", "m.increment", "test.demo/k", "count", "5"],
        BARE: [*pytest, str(home / "test_empty.py")],
        ONE: [*pytest, str(home / "test_one.py")],
    }
