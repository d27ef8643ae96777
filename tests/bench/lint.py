"""`asadm udf lint` over 100 modules of 5 KB, whole process, against `python -c pass` of the same virtual environment.

User and system time from `wait4`, medians of 7 interleaved rounds. Each module has some 150 lines of the kind that modules have: calls of
the record, list and map functions, loops, a module that all of them require.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.bench.figures import figure
from tests.bench.processes import BIN, directory, environment, median, run_cpu_seconds

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 7
MODULES = 100
SIZE = 5000

SHARED = "function present(value) return value ~= nil end\n"
FUNCTION = """\
-- Adds a value to the list of a bin, which holds at most so many.
function push_{n}(rec, bin, value, most)
    local items = rec[bin] or list()
    if not present(value) or list.size(items) >= most then
        return -{n}
    end
    list.append(items, value)
    local sum, seen = 0, map()
    for each in list.iterator(items) do
        if type(each) == "number" and each % 2 == 0 then
            sum = sum + each // 2
        end
        seen[tostring(each)] = (seen[tostring(each)] or 0) + 1
    end
    rec[bin] = items
    rec.sum = string.format("%d of %s", sum, rec.name or "nobody")
    if aerospike:exists(rec) then
        aerospike:update(rec)
    else
        aerospike:create(rec)
    end
    info("push_{n}: %s has %d", bin, list.size(items))
    return seen
end
"""


def run() -> None:
    """Record seconds of the whole process, also for one module."""
    with directory() as home:
        modules = home / "udf"
        modules.mkdir()
        (modules / "shared.lua").write_text(SHARED)
        for number in range(MODULES - 1):
            (modules / f"m{number:03}.lua").write_text(_source(number))
        asadm = str(BIN / "asadm")
        _report(
            home,
            {
                "python -c pass": [sys.executable, "-c", "pass"],
                "asadm udf lint, 1 module": [asadm, "udf", "lint", str(modules / "m000.lua")],
                f"asadm udf lint, {MODULES} modules of 5 KB": [asadm, "udf", "lint", str(modules)],
            },
        )


def _source(number: int) -> str:
    text, count = 'require("shared")\n', 0
    while len(text) < SIZE - len(FUNCTION):
        count += 1
        text += FUNCTION.format(n=number * 10 + count)
    return text


def _report(home: Path, commands: dict[str, list[str]]) -> None:
    samples: dict[str, list[float]] = {name: [] for name in commands}
    env = environment(home)
    for argv in commands.values():
        run_cpu_seconds(argv, env)  # bytecode is made now
    for _ in range(ROUNDS):
        for name, argv in commands.items():
            samples[name].append(run_cpu_seconds(argv, env))
    for name, values in samples.items():
        target = "at most 2 s" if str(MODULES) in name else None
        figure(f"{name}: CPU", median(values), "s", target=target)
