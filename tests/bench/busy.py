"""Latency of `build` while clients put modules whose bodies never end: the node must keep answering.

Four connections put such modules one after the other; a fifth sends `build` about every millisecond.
"""

from __future__ import annotations

import threading
import time

from tests.bench.figures import distribution, figure
from tests.bench.processes import ask, asudfd, connect, directory, put

SECONDS = 5.0
LOOPING = 4
BODIES = [
    b"while true do end",
    b"while true do pcall(function() while true do end end) end",
    b"local s = string.rep('a', 40) while true do string.find(s, '.-.-.-.-b') end",
    b"local t = {} while true do t[#t + 1] = {} end",
    b"local function g() while true do pcall(g) end end g()",
    b"string.gsub(string.rep('a', 2e5), '', string.rep('%0', 2e5))",
    b"local s, t = string.rep('\\0', 2^24), {} for i = 1, 200 do t[i] = s end table.sort(t)",
    b"local s = string.rep('\\255', 2^24) error(s .. s, 0)",
    b"local s = string.rep(']:1', 2^22) error('[string \"a\"' .. s .. s, 0)",
    b"local i = 0 while true do i = i + 1 pcall(require, 'q' .. i) end",
    b"while true do print(string.rep('x', 2000)) end",
]


def run() -> None:
    """Record percentiles of `build` on a quiet node and on one that is busy with loops."""
    with directory() as home, asudfd(home / "state") as daemon:
        address = daemon.addresses[0]
        distribution("quiet node", latencies(address, SECONDS / 2), "ms")
        stop = threading.Event()
        answers: list[bytes] = []
        threads = [
            threading.Thread(target=_loop, args=(address, number, stop, answers)) for number in range(LOOPING)
        ]
        for thread in threads:
            thread.start()
        distribution(f"{LOOPING} connections put endless modules", latencies(address, SECONDS), "ms")
        stop.set()
        for thread in threads:
            thread.join()
    refused = sum(answer.startswith(b"error=") for answer in answers)
    figure("endless modules put", len(answers), "")
    figure("endless modules refused", refused, "")


def _loop(address: tuple[str, int], number: int, stop: threading.Event, answers: list[bytes]) -> None:
    turn = number
    with connect(address) as sock:
        while not stop.is_set():
            answers.append(ask(sock, put(f"loop{number}.lua", BODIES[turn % len(BODIES)])))
            turn += 1


def latencies(address: tuple[str, int], seconds: float) -> list[float]:
    """Round-trip milliseconds of `build`, sent about every millisecond."""
    found = []
    end = time.monotonic() + seconds
    with connect(address) as sock:
        while time.monotonic() < end:
            began = time.perf_counter()
            ask(sock, b"build")
            found.append((time.perf_counter() - began) * 1e3)
            time.sleep(0.001)
    return found
