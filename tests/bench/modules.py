"""What a change costs where many modules are stored: a put beside 10 and beside 5,000, `udf-list`, a start, `udf apply`.

Two nodes, with 10 and with 5,000 modules of 1 KB, get a put of the same module by turns, 200 times, so that both meet the same
disk. CPU is that of all threads of the node. `asadm udf apply` stores 2,000 modules on an empty node.
"""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from tests.bench.figures import figure
from tests.bench.processes import (
    BIN,
    Daemon,
    ask,
    asudfd,
    connect,
    cpu_nanoseconds,
    directory,
    environment,
    median,
    put,
)

if TYPE_CHECKING:
    import socket
    from pathlib import Path

FEW, MANY, APPLIED = 10, 5000, 2000
ROUNDS = 200
STARTS = 5
PADDING = "x" * 950


def run() -> None:
    """Record milliseconds, and the ratio of many to few."""
    with directory() as home:
        with (
            asudfd(home / "few") as few,
            asudfd(home / "many") as many,
            connect(few.addresses[0]) as beside_few,
            connect(many.addresses[0]) as beside_many,
        ):
            for number in range(MANY):
                _put(beside_many, f"m{number}.lua", number)
            for number in range(FEW):
                _put(beside_few, f"m{number}.lua", number)
            _compare(few, beside_few, many, beside_many)
            _list(many, beside_many)
        for name, count in (("few", FEW), ("many", MANY)):
            figure(f"start, {count} modules", median(_starts(home / name)) * 1e3, "ms")
        _apply(home)


def _source(number: int) -> bytes:
    return f"-- {PADDING}\nfunction f(r) return {number} end\n".encode()


def _put(sock: socket.socket, name: str, number: int) -> None:
    answer = ask(sock, put(name, _source(number)))
    assert answer == b"ok", answer


def _compare(few: Daemon, beside_few: socket.socket, many: Daemon, beside_many: socket.socket) -> None:
    """Puts by turns, so that both meet the same disk and the same neighbours."""
    pairs = ((few, beside_few), (many, beside_many))
    wall, cpu = ([list[float](), list[float]()] for _ in range(2))
    for number in range(ROUNDS):
        for place, (daemon, sock) in enumerate(pairs):
            used, began = cpu_nanoseconds(daemon.process.pid), time.perf_counter()
            _put(sock, "bench.lua", number)
            wall[place].append((time.perf_counter() - began) * 1e3)
            cpu[place].append((cpu_nanoseconds(daemon.process.pid) - used) / 1e6)
    for name, values in (("time", wall), ("CPU", cpu)):
        least, most = map(median, values)
        figure(f"udf-put beside {FEW} modules: {name}", least, "ms")
        figure(
            f"udf-put beside {MANY} modules: {name}",
            most,
            "ms",
            target="at most 1.3 x",
            ratio=most / least,
            against=f"beside {FEW}",
        )


def _list(daemon: Daemon, sock: socket.socket) -> None:
    """A `udf-list` after each of some changes, and without one."""
    fresh, again = list[float](), list[float]()
    for number in range(50):
        _put(sock, "bench.lua", -number)
        for values in (fresh, again):
            used = cpu_nanoseconds(daemon.process.pid)
            ask(sock, b"udf-list")
            values.append((cpu_nanoseconds(daemon.process.pid) - used) / 1e6)
    figure(f"udf-list of {MANY} modules after a change: CPU", median(fresh), "ms")
    figure(f"udf-list of {MANY} modules without a change: CPU", median(again), "ms")


def _starts(work: Path) -> list[float]:
    seconds = []
    for _ in range(STARTS):
        began = time.monotonic()
        with asudfd(work):
            seconds.append(time.monotonic() - began)
    return seconds


def _apply(home: Path) -> None:
    modules = home / "udf"
    modules.mkdir()
    for number in range(APPLIED):
        (modules / f"m{number}.lua").write_bytes(_source(number))
    with asudfd(home / "applied") as daemon:
        host, port = daemon.addresses[0]
        words = [str(BIN / "asadm"), "-h", f"{host}:{port}", "udf", "apply", str(modules), "--yes"]
        used, began = cpu_nanoseconds(daemon.process.pid), time.monotonic()
        subprocess.run(
            [*words, "--wait", "300", "--history", str(home / "history")],
            env=environment(home),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seconds = time.monotonic() - began
        cpu = (cpu_nanoseconds(daemon.process.pid) - used) / 1e9
    figure(f"udf apply of {APPLIED} modules: time", seconds, "s")
    figure(f"udf apply of {APPLIED} modules: CPU of the node", cpu, "s")
