"""A daemon whose event loop is held starts itself anew: what is stored is there, nobody is refused, and it says why."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from asinfo.wire import request
from asinfo.wire.request import Key, Policy
from asinfo.wire.udf import put
from tests.processes import READY_SECONDS, ROOT, Daemon, log_path, receive
from tests.processes import frame as info_frame
from tests.udf_client import UdfClient

CONFIG = """\
service {{
    watchdog-seconds {seconds}
}}
network {{
    service {{
        address 127.0.0.1
        port 0
    }}
}}
mod-lua {{
    context-count 1
}}
namespace test {{
    storage-engine device {{
        file {file}
        filesize 1G
    }}
}}
"""

FULL = 1 << 17

REHASH = b"""
local t, n = {}, 0
local function add(count)
    for i = 1, count do
        n = n + 1
        t[n * 262143] = true
    end
    return n
end
add(1 << 17)
function last(rec, go) return add(go) end
function short(rec) return 1 end
"""
"""The keys are spread in a table for 2^17 of them, and all collide in the next larger one: to add one more is one instruction."""

LARGE_TRIALS = """
import sys
from asudfd import cli
from asudfd.lua import context, context_maker, inline_contexts
# so that the one instruction takes longer than any limit, on any machine
context.TRIAL_MEMORY = context_maker.TRIAL_MEMORY = inline_contexts.TRIAL_MEMORY = context.GUARDED_MEMORY = 64 << 20
context_maker.BODY_SECONDS = 60
sys.exit(cli.run(sys.argv[1:]))
"""

QUICK_CALLS = 40
"""After which a function is quick again, whatever a busy machine made of one of its calls."""

HELD = "here the loop is held"

LOOPS = """
import os, sys
from asudfd import cli
from asudfd.udf.store import ModuleStore

def list_answer(store):
    os.write(2, b"{held}\\n")
    {hold}

ModuleStore.list_answer = list_answer
sys.exit(cli.run(sys.argv[1:]))
"""

PYTHON_LOOPS = LOOPS.format(held=HELD, hold="while True: pass")
C_HOLDS_THE_LOCK = LOOPS.format(held=HELD, hold="import re; re.match('(a*)*b', 'a' * 60)")

CUT_OFF = (AssertionError, ConnectionResetError, BrokenPipeError)
"""What a client sees of a restart: the first when its connection ends without a word."""

RESTARTED_OFTEN = """
import json, os, sys, time
from asudfd import cli
from asudfd.process import daemon

os.environ["ASUDFD_RESTARTED"] = json.dumps({"pid": os.getpid(), "restarts": [time.monotonic()] * 5, "sockets": {}})
serve = daemon.Daemon._serve

async def say_ready(self, server):
    assert "ASUDFD_RESTARTED" not in os.environ
    print("ready 127.0.0.1:0", flush=True)  # for the test: a restart has no such line
    await serve(self, server)

daemon.Daemon._serve = say_ready
sys.exit(cli.run(sys.argv[1:]))
"""

Start = Callable[..., Daemon]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a daemon by a Python script, with its watchdog set to ``seconds``."""
    with contextlib.ExitStack() as stack:

        def begin(script: str, *arguments: str, seconds: int = 1, **environment: str) -> Daemon:
            directory, config = tmp_path / "work", tmp_path / "asudfd.conf"
            config.write_text(CONFIG.format(seconds=seconds, file=directory / "test.dat"))
            place = ("--config-file", str(config), "--work-directory", str(directory))
            with log_path(directory).open("ab") as messages:
                process = subprocess.Popen(
                    [sys.executable, "-c", script, *place, *arguments],
                    cwd=ROOT,
                    env={**os.environ, **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=messages,
                )
            daemon = Daemon(process, directory, log_path(directory))
            stack.callback(daemon.kill)
            return daemon

        yield begin


class Client(UdfClient):
    """Calls functions of the module `h`."""

    def result(self, function: str, *arguments: int) -> object:
        """What a function returns."""
        return self.call("h", function, *arguments).bins["SUCCESS"]


def hold_by_lua(client: Client) -> None:
    """Have a function hold the event loop that has been quick before; on a busy machine it may have looked slow."""
    for _ in range(10):
        for _ in range(QUICK_CALLS):
            assert client.result("last", 0) == FULL
        reply = client.ask(request.apply(Key("test", "s", 0), "h", "last", (1,), Policy(limit=5_000)))
        assert reply.bins == {"FAILURE": "UDF Execution Timeout"}  # it ran in a worker


def hold(daemon: Daemon, connection: socket.socket) -> None:
    """Have the event loop held."""
    before = daemon.log.read_text().count(HELD)
    connection.sendall(info_frame(b"udf-list\n"))
    while daemon.log.read_text().count(HELD) == before:
        assert daemon.process.poll() is None


class Writer(threading.Thread):
    """Writes records one after the other, each once, and remembers which were acknowledged."""

    def __init__(self, daemon: Daemon, first: int) -> None:
        super().__init__(daemon=True)
        self._daemon = daemon
        self._number = first
        self.acknowledged: list[int] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            with Client(self._daemon) as client:  # a connection that is refused would end the thread
                self._write(client)

    def _write(self, client: Client) -> None:
        with contextlib.suppress(*CUT_OFF):
            while not self.ended.is_set():
                self._number += 1
                reply = client.ask(request.put(Key("test", "s", self._number), {"n": self._number}))
                if reply.result == 0:
                    self.acknowledged.append(self._number)


def grown(client: Client, writers: Sequence[Writer]) -> None:
    """Wait until each writer has had a further record acknowledged."""
    counts = [len(writer.acknowledged) for writer in writers]
    while any(len(writer.acknowledged) <= count for writer, count in zip(writers, counts, strict=True)):
        assert client.result("short") == 1


def test_a_lua_instruction_without_end_costs_no_acknowledged_record(start: Start) -> None:
    daemon = start(LARGE_TRIALS)
    process = daemon.process.pid
    assert daemon.ask(put(b"h.lua", REHASH) + b"\n").endswith(b"\tok\n")
    writers = [Writer(daemon, number) for number in (1_000_000, 2_000_000, 3_000_000)]
    with Client(daemon) as client:
        for writer in writers:
            writer.start()
        grown(client, writers)
        address = "{}+{}".format(*client.socket.getsockname())
        with pytest.raises(CUT_OFF):
            hold_by_lua(client)
    with Client(daemon) as client:
        grown(client, writers)
        for writer in writers:
            writer.ended.set()
            writer.join(READY_SECONDS)
            for number in writer.acknowledged:
                assert client.ask(request.get(Key("test", "s", number))).bins == {"n": number}
    log = daemon.log.read_text()
    assert "CRITICAL (service)" in log
    assert f"the function 'last' of the module 'h' for client {address} has held the event loop" in log
    assert f"with the SHA-256 {sha256(REHASH).hexdigest()} runs in workers only" in log
    assert daemon.process.poll() is None
    assert (daemon.work_directory / "asudfd.pid").read_text() == f"{process}\n"


def test_a_function_that_held_the_loop_runs_in_workers_until_that_is_cleared(start: Start) -> None:
    daemon = start(LARGE_TRIALS)
    assert daemon.ask(put(b"h.lua", REHASH) + b"\n").endswith(b"\tok\n")
    with Client(daemon) as client, pytest.raises(CUT_OFF):
        hold_by_lua(client)
    assert b"module=h:" in daemon.ask(b"udf-cache-stats:\n")
    assert b":demoted=last;" in daemon.ask(b"udf-cache-stats:\n")
    with Client(daemon) as client:
        for _ in range(QUICK_CALLS):
            assert client.result("last", 0) == FULL
        reply = client.ask(request.apply(Key("test", "s", 0), "h", "last", (1,), Policy(limit=100)))
        assert reply.bins == {"FAILURE": "UDF Execution Timeout"}
        assert client.result("short") == 1
    assert daemon.log.read_text().count("starting anew") == 1
    assert daemon.ask(b"udf-clear-cache:\n") == b"udf-clear-cache:\tok\n"
    assert b"last" not in daemon.ask(b"udf-cache-stats:\n")


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_any_callback_without_end_costs_a_restart_and_no_port(
    start: Start, loop: str, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(READY_SECONDS)
        daemon = start(
            PYTHON_LOOPS,
            *("--nodes", "2"),
            ASUDFD_LOOP=loop,
            NOTIFY_SOCKET=str(tmp_path / "notify"),
            WATCHDOG_USEC="2000000",
        )
        assert {supervisor.recv(1000) for _ in range(2)} == {b"READY=1", b"WATCHDOG=1"}
        with daemon.connect() as holding, daemon.connect(1) as other:
            hold(daemon, holding)
            other.sendall(info_frame(b"node\n"))
            with daemon.connect(1) as waiting:  # accepted by the program after
                waiting.sendall(info_frame(b"node\n"))
                while not (said := supervisor.recv(1000)).startswith(b"STATUS="):
                    assert said == b"WATCHDOG=1"
                assert b"the info command 'udf-list' for client 127.0.0.1+" in said
                assert supervisor.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
                assert receive(waiting) == b"node\tA2\n"
            assert {supervisor.recv(1000) for _ in range(2)} == {b"READY=1", b"WATCHDOG=1"}
    assert daemon.ask(b"node\n") == b"node\tA1\n"
    assert " list_answer < udf.py:" in daemon.log.read_text()
    assert daemon.process.stdout is not None
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.stdout.read() == b""  # no further line
    assert daemon.wait() == 0


def test_a_signal_to_stop_that_came_meanwhile_is_obeyed(start: Start) -> None:
    daemon = start(PYTHON_LOOPS)
    with daemon.connect() as holding:
        hold(daemon, holding)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.wait() == 1
    assert "leaving at once: the event loop is held, and a signal to stop has come" in daemon.log.read_text()


def test_c_code_that_holds_pythons_lock_ends_the_process_with_its_place(start: Start) -> None:
    daemon = start(C_HOLDS_THE_LOCK)
    with daemon.connect() as holding:
        holding.sendall(info_frame(b"udf-list\n"))
        assert daemon.wait() == -signal.SIGPROF
    log = daemon.log.read_text()
    assert "(most recent call first)" in log
    assert "in list_answer" in log


def test_restarts_in_a_row_are_told(start: Start) -> None:
    daemon = start(RESTARTED_OFTEN)
    assert daemon.stop() == 0
    assert "CRITICAL (service)" in daemon.log.read_text()
    assert "the event loop was held 5 times within 60 s" in daemon.log.read_text()
