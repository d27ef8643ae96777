"""`make bench`: every figure of docs/benchmarks.md; `make bench BENCH=server` runs one benchmark. Never fails on a figure."""

from __future__ import annotations

import importlib
import sys
import time

from tests.bench.processes import machine, raise_file_limit

BENCHMARKS = [
    "startup",
    "fanout",
    "server",
    "idle",
    "ready",
    "put",
    "modules",
    "storage",
    "lists",
    "records",
    "busy",
    "hostile",
    "plan",
    "apply",
    "propagation",
]


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    raise_file_limit()
    print(machine())
    for name in sys.argv[1:] or BENCHMARKS:
        if name not in BENCHMARKS:
            raise SystemExit(f"no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
        module = importlib.import_module(f"tests.bench.{name}")
        print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
        began = time.monotonic()
        module.run()
        print(f"  ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
