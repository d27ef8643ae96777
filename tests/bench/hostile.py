"""Latency of `build` beside hostile clients: UDFs that burn CPU or memory, regular expressions, large replies.

Each kind of hostile program runs in 4 clients, the fetch of a 0.9 MB module in 50, from another process; a client sends
`build` about every millisecond. A call may take 500 ms.
"""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from asinfo.wire import expression as x
from asinfo.wire import frame, msgpack, request
from asinfo.wire.msgpack import Raw
from asinfo.wire.request import Key, Policy
from tests.bench.busy import latencies
from tests.bench.figures import distribution
from tests.bench.processes import ask, asudfd, connect, directory, put, receive

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

SECONDS = 5.0
CLIENTS = 4
LARGE_CLIENTS = 50
LIMIT = Policy(limit=500)
"""Milliseconds that a call may take: some ten calls of each client in a run."""

PROGRAMS = {
    "inside of a list": "local n=pairs({}) local l=list{1,2,3} local k,v=n(l) v.n=1<<62 list.remove(l,1)",
    "sparse list": "local l=list() l[8388608]=1 list.prepend(l,1) list.trim(l,2) list.concat(l,l)",
    "deadline in the library": "return ('b'):rep(1e6):find('['..('a'):rep(1e6)..']')",
    "pcall around a loop": "while true do pcall(function() while true do end end) end",
    "matcher": "local s = ('a'):rep(40) while true do s:find('.-.-.-.-b') end",
    "comparisons": "local s, t = ('\\0'):rep(2^24), {} for i = 1, 200 do t[i] = s end table.sort(t)",
    "memory": "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
    "recursion": "local function g() while true do pcall(g) end end g()",
    "weak tables": "local t = setmetatable({}, {__mode='k'}) for i = 1, 4000 do t[{}] = {} end collectgarbage()",
}
PATTERNS = [rb"^((a*)*)*+{6}", rb"|^((a*)*)*+{1,3}{2}", rb"(a|b)*a(a|b){50}", rb"((a{1,20}){1,20}){1,20}"]
KEY = Key("test", "demo", "k")


def run() -> None:
    """Record percentiles of `build` on a quiet node, and beside each kind of hostile client."""
    with directory() as home, asudfd(home / "state") as daemon:
        address = daemon.addresses[0]
        functions = "".join(f"function f{n}(r) {body} end\n" for n, body in enumerate(PROGRAMS.values()))
        daemon.ask(put("hostile.lua", functions.encode()))
        daemon.ask(put("large.lua", b"-- " + b"x" * 900_000))
        with connect(address) as sock:
            _send(request.put(KEY, {"s": "ab" * 30_000}), sock)
        distribution("quiet node", latencies(address, SECONDS / 2), "ms")
        for number, name in enumerate(PROGRAMS):
            body = request.apply(KEY, "hostile", f"f{number}", [], LIMIT)
            _beside(address, name, CLIENTS, partial(_send, body))
        searches = _searches()
        _beside(address, "patterns", CLIENTS, lambda sock: _send(random.choice(searches), sock))
        large = b"udf-get:filename=large.lua"
        _beside(address, "large answers", LARGE_CLIENTS, lambda sock: ask(sock, large))


def _searches() -> list[bytes]:
    text = [x.BIN, x.STRING, Raw(b"s")]
    filters = (msgpack.pack([x.REGEX, 1, Raw(pattern), text]) for pattern in PATTERNS)
    return [request.get(KEY, policy=Policy(filter=each)) for each in filters]


def _send(body: bytes, sock: socket) -> None:
    sock.sendall(frame.pack(frame.MESSAGE, body))
    _, size = frame.unpack_header(receive(sock, frame.HEADER_SIZE))
    receive(sock, size)


def _beside(address: tuple[str, int], name: str, clients: int, send: Callable[[socket], object]) -> None:
    """The hostile clients run in another process: in this one the measuring thread would wait for the GIL."""
    hostile = multiprocessing.get_context("fork").Process(target=_attack, args=(address, clients, send))
    hostile.start()
    found = latencies(address, SECONDS)
    hostile.kill()
    hostile.join()
    time.sleep(LIMIT.limit / 1000)  # what is under way is no burden for the next
    distribution(f"beside {clients} x {name}", found, "ms", p99="at most 10 ms", longest="at most 250 ms")


def _attack(address: tuple[str, int], clients: int, send: Callable[[socket], object]) -> None:
    def work() -> None:
        with connect(address) as sock:
            while True:
                send(sock)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
