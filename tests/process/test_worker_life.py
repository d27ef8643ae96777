"""The life of workers in a real node: killed ones are replaced, changed modules reach all, and nothing is left of any."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from asinfo.wire.udf import put
from asudfd.config.schema.lua import INLINE, PROCESS
from tests.processes import READY_SECONDS, ROOT, Daemon, log_path, running, spawn
from tests.udf_client import TIMED_OUT, UdfClient, apply, register
from tests.waiting import wait_for
from tests.worker_processes import busy, children, gone

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE = b"""
function quick(rec, n) return n end
function slow(rec, n) for i = 1, 200000 do end return n end
function forever(rec) while true do end end
function say(rec, text) info(text) return 1 end
function counted(rec) calls = (calls or 0) + 1 return calls end
"""

FLIGHT = 1000
CONNECTIONS = 100
RESPAWNS = 200
"""What each of them left would show; `make bench BENCH=isolation` makes 10,000."""


def isolated_by(isolation: str) -> tuple[str, str]:
    """The arguments of a node of a kind."""
    return "--set", f"mod-lua.isolation={isolation}"


@pytest.fixture(params=[INLINE, PROCESS])
def node(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Daemon]:
    """A node of either kind, with the module `m`."""
    with running(tmp_path / "state", isolated_by(request.param)) as daemon:
        register(daemon, "m", MODULE)
        yield daemon


def zygote_of(node: Daemon) -> int:
    """The process that forks workers; one that comes after another may have yet to."""
    wait_for(lambda: len(children(node.process.pid)) == 1)
    [zygote] = children(node.process.pid)
    return zygote


class Caller(threading.Thread):
    """Calls functions, quick and slow ones in turn, until it is ``ended``."""

    def __init__(self, node: Daemon, key: int) -> None:
        super().__init__(daemon=True)
        self._node = node
        self._key = key
        self.ended = threading.Event()
        self.count = 0
        self.wrong: list[object] = []

    def run(self) -> None:
        with UdfClient(self._node) as client:
            while not self.ended.is_set():
                function = ("quick", "slow")[self.count % 2]
                found = client.call("m", function, self.count, key=self._key)
                if found.bins != {"SUCCESS": self.count}:
                    self.wrong.append((self.count, found))
                self.count += 1


class Callers:
    """Some of them; all of their calls are answered as they should."""

    def __init__(self, node: Daemon, count: int) -> None:
        self._callers = [Caller(node, number) for number in range(count)]

    def __enter__(self) -> Self:
        for caller in self._callers:
            caller.start()
        self.go_on()
        return self

    def go_on(self) -> None:
        """Wait until each has had ten further answers."""
        before = [caller.count for caller in self._callers]
        wait_for(
            lambda: all(
                caller.count >= count + 10 for caller, count in zip(self._callers, before, strict=True)
            )
        )

    def __exit__(self, *_: object) -> None:
        for caller in self._callers:
            caller.ended.set()
        for caller in self._callers:
            caller.join(READY_SECONDS)
            assert caller.wrong == []


def _wait_until_gone(processes: list[int]) -> None:
    wait_for(lambda: all(map(gone, processes)))


def test_calls_go_on_without_the_zygote(node: Daemon) -> None:
    """Its workers end with it."""
    with Callers(node, 3) as callers:
        for _ in range(3):
            zygote = zygote_of(node)
            workers = children(zygote)
            os.kill(zygote, signal.SIGKILL)
            _wait_until_gone(workers)
            callers.go_on()
            assert zygote_of(node) != zygote


def test_calls_go_on_without_any_worker(node: Daemon) -> None:
    with Callers(node, 3) as callers:
        for _ in range(3):
            for worker in children(zygote_of(node)):
                with suppress(ProcessLookupError):  # it may end just now, as others do that are not needed
                    os.kill(worker, signal.SIGKILL)
                callers.go_on()


def test_who_ends_its_worker_again_and_again_is_told(node: Daemon) -> None:
    """A call is begun anew when somebody kills its worker, and not without end."""
    with UdfClient(node) as client:
        client.begin(apply("m", "forever"))
        killed: set[int] = set()
        while len(killed) < 3:
            for worker in set(busy(children(zygote_of(node)))) - killed:
                os.kill(worker, signal.SIGKILL)
                killed.add(worker)
        assert client.answer().bins == {"FAILURE": "the process that ran the function has ended"}
        assert client.call("m", "quick", 1).bins == {"SUCCESS": 1}


def test_a_thousand_calls_in_flight_while_modules_change(node: Daemon) -> None:
    versions = [
        b"local d = require('d') function f(rec, n) for i = 1, 20000 do end return n .. d.version .. '%d' end"
        % n
        for n in range(5)
    ]
    register(node, "d", b"return { version = 'a' }")
    register(node, "v", versions[0])
    with ExitStack() as stack:
        clients = [stack.enter_context(UdfClient(node)) for _ in range(CONNECTIONS)]
        for number in range(FLIGHT):
            clients[number % CONNECTIONS].begin(apply("v", "f", number, key=number))
        for number, version in enumerate(versions):
            register(node, "v", version)
            register(node, "d", b"return { version = '%s' }" % b"abcde"[number : number + 1])
        answers = [clients[number % CONNECTIONS].answer().bins for number in range(FLIGHT)]
    wrong = [
        bins
        for number, bins in enumerate(answers)
        if not re.fullmatch(f"{number}[a-e][0-4]", str(bins.get("SUCCESS")))
    ]
    assert wrong == []
    with UdfClient(node) as client:
        assert client.call("v", "f", 7).bins == {"SUCCESS": "7e4"}


def test_the_worker_of_a_client_that_has_gone_is_killed(node: Daemon) -> None:
    zygote = zygote_of(node)
    with UdfClient(node) as client:
        client.begin(apply("m", "forever"))
        wait_for(lambda: busy(children(zygote)))
        [worker] = busy(children(zygote))
    wait_for(lambda: gone(worker))
    with UdfClient(node) as client:
        assert client.call("m", "quick", 1).bins == {"SUCCESS": 1}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_node_whatever_it_does(tmp_path: Path, how: signal.Signals) -> None:
    directory = tmp_path / "state"
    node = Daemon(spawn(directory, isolated_by(PROCESS)), directory, log_path(directory))
    register(node, "m", MODULE)
    zygote = zygote_of(node)
    with ExitStack() as stack:
        for number in range(8):
            client = stack.enter_context(UdfClient(node))
            client.begin(apply("m", "forever", key=number))
            assert stack.enter_context(UdfClient(node)).call("m", "slow", 1, key=100 + number).bins
        wait_for(lambda: len(busy(children(zygote))) >= 8)
        workers = children(zygote)
        node.process.send_signal(how)
        node.wait()
    wait_for(lambda: all(map(gone, (zygote, *workers))))


class Held:
    """What a node has of its workers: descriptors by what they are, and pages that it shares."""

    def __init__(self, node: Daemon) -> None:
        pid, zygote = node.process.pid, zygote_of(node)
        self.descriptors = _descriptors(pid)
        self.of_zygote = _descriptors(zygote)
        self.pages = Path(f"/proc/{pid}/maps").read_text().count("asudfd-worker")
        self.workers = len(children(zygote))


def _descriptors(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def test_hundreds_of_workers_leave_nothing(node: Daemon) -> None:
    """A call that does not end costs its worker."""

    def calls(key: int, count: int) -> None:
        with UdfClient(node) as client:
            found.extend(client.call("m", "forever", key=key, limit=1).bins for _ in range(count))

    found: list[object] = []
    calls(0, 20)
    before = Held(node)
    threads = [threading.Thread(target=calls, args=(key, RESPAWNS // 4)) for key in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == RESPAWNS + 20
    assert all(bins == TIMED_OUT for bins in found)
    wait_for(lambda: _is_back(Held(node), before))


def _is_back(now: Held, before: Held) -> bool:
    """A few workers may be kept more than before: two pipes, a descriptor of the process, and a page of each."""
    more = max(0, now.workers - before.workers)
    return (
        more <= 4
        and now.pages <= before.pages + more
        and now.descriptors <= before.descriptors + 3 * more
        and now.of_zygote == before.of_zygote
    )


NO_PROCESS = """
import errno, os, sys
from asudfd import cli

fork = os.fork

def limited():
    for number in (errno.EAGAIN, errno.ENOMEM):
        if os.path.exists(f"{sys.argv[-1]}/{errno.errorcode[number]}"):
            raise OSError(number, os.strerror(number))
    return fork()

os.fork = limited
sys.exit(cli.run(sys.argv[1:]))
"""


@pytest.mark.parametrize("isolation", [INLINE, PROCESS])
@pytest.mark.parametrize("why", [errno.EAGAIN, errno.ENOMEM])
def test_a_node_without_room_for_processes_says_so_and_serves(
    tmp_path: Path, isolation: str, why: int
) -> None:
    directory = tmp_path / "work"
    full = directory / errno.errorcode[why]
    command = [
        *(sys.executable, "-c", NO_PROCESS),
        *isolated_by(isolation),
        *("--work-directory", str(directory)),
    ]
    with log_path(directory).open("ab") as messages:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages
        )
    node = Daemon(process, directory, log_path(directory))
    try:
        register(node, "m", MODULE)
        with UdfClient(node) as client, UdfClient(node) as other:
            for number in range(20):
                assert client.call("m", "quick", number).bins == {"SUCCESS": number}
            full.touch()
            for worker in children(zygote_of(node)):
                os.kill(worker, signal.SIGKILL)
            failure = client.call("m", "slow", 1).bins["FAILURE"]
            assert failure == f"no process can be made: {os.strerror(why)}"
            assert node.ask(b"build\n")
            answer = node.ask(put(b"n.lua", b"return 1") + b"\n")
            assert b"error" in answer.lower()
            full.unlink()
            assert other.call("m", "slow", 1).bins == {"SUCCESS": 1}
            register(node, "n", b"return 1")
        assert node.stop() == 0
    finally:
        node.kill()


@pytest.mark.parametrize("isolation", [INLINE, PROCESS])
def test_lines_of_the_log_come_once(tmp_path: Path, isolation: str) -> None:
    """Whether a call is proven, tried, done in a worker at once or later, or begun anew."""
    with running(tmp_path / "state", isolated_by(isolation)) as node:
        register(node, "m", MODULE)
        with UdfClient(node) as client:
            for number in range(60):
                if number % 20 == 19:
                    node.ask(b"udf-clear-cache:\n")
                assert client.call("m", "say", f"line {number}!").bins == {"SUCCESS": 1}
        node.ask(b"build\n")
        log = node.log.read_text()
    assert [log.count(f"line {number}!") for number in range(60)] == [1] * 60


def figures(node: Daemon) -> dict[str, str]:
    """The row of the module `m` in `udf-cache-stats`."""
    answer = node.ask(b"udf-cache-stats:\n").decode().partition("\t")[2].strip()
    row = next(row for row in answer.split(";") if row.startswith("module=m"))
    return dict(figure.split("=", 1) for figure in row.split(":"))


def test_the_statistics_count_contexts_wherever_they_are(node: Daemon) -> None:
    with UdfClient(node) as client:
        returned = [client.call("m", "counted").bins["SUCCESS"] for _ in range(40)]
        found = {name: int(value) for name, value in figures(node).items() if value.isdecimal()}
        assert found["contexts"] == found["idle"] == found["creations"] - found["evictions"]
        assert found["misses"] == found["creations"] >= returned.count(1) >= 10
        assert found["high_water"] >= found["contexts"]
        assert found["hits"] + found["misses"] >= len(returned)
        client.call("m", "forever", limit=50)
        wait_for(lambda: figures(node)["contexts"] == figures(node)["idle"])
        assert int(figures(node)["evictions"]) > found["evictions"]
        node.ask(b"udf-clear-cache:\n")
        wait_for(lambda: figures(node)["contexts"] == "0")
