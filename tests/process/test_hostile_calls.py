"""Functions that mean harm: each ends soon after its deadline, and others are served meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asinfo.wire import request
from asinfo.wire.request import Key
from asudfd.config.schema.lua import INLINE, PROCESS
from tests.hostile_lua import MATCHER, PROGRAMS, REHASH, module
from tests.processes import READY_SECONDS, ROOT, Daemon, running
from tests.udf_client import TIMED_OUT, Ended, UdfClient, register
from tests.worker_processes import processor_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 400
"""Milliseconds that a hostile call may take."""

LATE_SECONDS = 0.5
"""How much later it may end, on a machine that has nothing else to do."""

SLOW = 10
"""So many times later than an endless loop of the same run, whose end Lua itself sees to, on one that is busy."""

INCREMENT = b"""
function increment(rec)
    if not aerospike:exists(rec) then aerospike:create(rec) end
    rec.n = (rec.n or 0) + 1
    aerospike:update(rec)
    return rec.n
end
"""

SERVED = 3
"""Calls that end during a hostile one on a machine however busy; on a quiet one it is some hundred."""

CLIENTS, FUNCTIONS = 20, 80
ATTACK_SECONDS = 2.5
"""Six calls of each client: more of them only take the processor from other tests."""

RECORDS = 1000
"""More than the attackers call their functions on."""

PAUSE_SECONDS = 0.002
"""Between two calls of who is to be served: some hundred during a hostile call, and no more load than they are."""

HELD_SECONDS = 0.1
"""Processor time of the node during one call of the prober, on its own clock: however busy the machine is, nothing may hold it for longer."""


@pytest.fixture(params=[INLINE, PROCESS])
def node(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Daemon]:
    """A node of either kind, with the module `good`."""
    yield from started(tmp_path, request.param)


@pytest.fixture
def isolated(tmp_path: Path) -> Iterator[Daemon]:
    """A node whose event loop runs no Lua, with the module `good`."""
    yield from started(tmp_path, PROCESS)


def started(tmp_path: Path, isolation: str) -> Iterator[Daemon]:
    with running(tmp_path / "state", ("--set", f"mod-lua.isolation={isolation}")) as daemon:
        register(daemon, "good", INCREMENT)
        yield daemon


class Bystander(threading.Thread):
    """Increments a counter until it is ``ended``, and waits a little after each; ``took`` are the seconds of each, ``node_took`` those of the node's processor."""

    def __init__(self, node: Daemon) -> None:
        super().__init__(daemon=True)
        self._node = node
        self.ended = threading.Event()
        self.took: list[float] = []
        self.node_took: list[float] = []
        self.failures: list[object] = []

    def run(self) -> None:
        with UdfClient(self._node) as client:
            while not self.ended.wait(PAUSE_SECONDS):
                before = processor_seconds(self._node.process.pid)
                found = client.call("good", "increment", key="counter")
                self.node_took.append(processor_seconds(self._node.process.pid) - before)
                if "SUCCESS" not in found.bins:
                    self.failures.append(found.bins)
                self.took.append(found.seconds)

    def until(self, count: int) -> None:
        """Wait for ``count`` further calls."""
        before = len(self.took)
        while len(self.took) < before + count:
            assert self.is_alive()
            time.sleep(0.01)

    def end(self) -> None:
        """It had no error, and no increment was lost or came twice."""
        self.ended.set()
        self.join(READY_SECONDS)
        assert self.failures == []
        with UdfClient(self._node) as client:
            assert client.call("good", "increment", key="counter").bins == {"SUCCESS": len(self.took) + 1}


def timed_out(found: Ended) -> bool:
    """Whether the error is the time-out; it may have the place where a coroutine was resumed before it."""
    return str(found.bins.get("FAILURE")).endswith(TIMED_OUT["FAILURE"])


def test_every_program_ends_after_its_deadline_and_others_are_served(node: Daemon) -> None:
    register(node, "bad", module([*PROGRAMS.values()]))
    bystander = Bystander(node)
    bystander.start()
    wrong: list[tuple[str, object]] = []
    with UdfClient(node) as client:
        plain = client.call("bad", f"f{[*PROGRAMS].index('a loop')}", limit=LIMIT)
        assert plain.bins == TIMED_OUT
        late = max(LATE_SECONDS, SLOW * (plain.seconds - LIMIT / 1000))
        for number, name in enumerate(PROGRAMS):
            before = len(bystander.took)
            found = client.call("bad", f"f{number}", key=number, limit=LIMIT)
            held = bystander.node_took[before : len(bystander.took)]
            if not timed_out(found) or found.seconds > LIMIT / 1000 + late:
                wrong.append((name, found))
            if len(held) < SERVED or max(held) > HELD_SECONDS:
                wrong.append((name, held))
    assert wrong == []
    bystander.end()


def attack(node: Daemon, name: str, seconds: float) -> subprocess.Popen[bytes]:
    host, port = node.addresses[0]
    words = map(str, (host, port, name, FUNCTIONS, CLIENTS, LIMIT, seconds))
    return subprocess.Popen(
        [sys.executable, "-m", "tests.hostile_clients", *words], cwd=ROOT, stdout=subprocess.PIPE
    )


def beside_an_attack(node: Daemon, name: str) -> list[str]:
    """Have 20 clients call the functions of a module; answers what their calls came to. A prober has no error, and none of them holds up the node."""
    prober = Bystander(node)
    prober.start()
    prober.until(50)  # until its function is known to be quick
    attackers = attack(node, name, ATTACK_SECONDS)
    prober.node_took.clear()
    while attackers.poll() is None:
        prober.until(10)
    held = max(prober.node_took)
    prober.end()
    assert attackers.stdout is not None
    with attackers.stdout as said:
        ended = [str(what) for what, _ in json.load(said)]
    assert held < HELD_SECONDS
    return ended


def test_twenty_clients_with_eighty_functions_that_hang(node: Daemon) -> None:
    register(node, "bad", module([REHASH, MATCHER] * (FUNCTIONS // 2)))
    ended = beside_an_attack(node, "bad")
    assert set(ended) == {TIMED_OUT["FAILURE"]}
    assert len(ended) > 2 * CLIENTS


def test_functions_that_hang_after_they_were_quick(isolated: Daemon) -> None:
    """The event loop waits for functions that have been quick: a millisecond, and for three workers of a module in a minute."""
    sly = [f"if rec.go then {body} end return 1" for body in (REHASH, MATCHER)]
    register(isolated, "sly", module(sly * (FUNCTIONS // 2)))
    with UdfClient(isolated) as client:
        for number in range(FUNCTIONS):
            for _ in range(2):
                assert client.call("sly", f"f{number}", key="none").bins == {"SUCCESS": 1}
        for number in range(RECORDS):
            assert client.ask(request.put(Key("test", "hostile", number), {"go": 1})).result == 0
    assert set(beside_an_attack(isolated, "sly")) == {TIMED_OUT["FAILURE"]}
