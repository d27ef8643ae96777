"""`make bench`: every figure of docs/benchmarks.md; `make bench BENCH=server` runs one benchmark. Never fails on a figure."""

from __future__ import annotations

import argparse
import importlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.figures import BENCHMARKS, Run, measured, merge
from tests.bench.processes import commit, machine, raise_file_limit


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="merge the figures into FILE")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    raise_file_limit()
    measured_commit = commit()  # before the first benchmark: later it may be another one
    print(f"{machine()}, commit {measured_commit}")
    for name in arguments.names or BENCHMARKS:
        run = _run(name, measured_commit)
        if arguments.json:
            merge(arguments.json, name, run)  # after each: a later benchmark that fails costs no figure


def _run(name: str, measured_commit: str) -> Run:
    module = importlib.import_module(f"tests.bench.{name}")
    load_before, began = _load(), time.monotonic()
    print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]} (load average {load_before})", flush=True)
    measured.clear()
    module.run()
    load_after = _load()
    print(f"  ({time.monotonic() - began:.0f} s, load average {load_after})", flush=True)
    return Run(
        f"{datetime.now(UTC):%Y-%m-%d}", measured_commit, machine(), load_before, load_after, list(measured)
    )


def _load() -> float:
    return round(os.getloadavg()[0], 1)


if __name__ == "__main__":
    main()
