"""``kill -9`` between the marker put and the true one: the next run knows it, says so and mends it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from asadm.target.aerospike.marker import marked
from tests.fakes.fleet import Fleet, Server

Asadm = Callable[..., Any]

NAME = b"a.lua"
ONE = b"return 1\n"


@pytest.mark.parametrize("clusters", [0, 1])
def test_killed_behind_the_marker(asadm: Asadm, clusters: int) -> None:
    with Fleet(2, clusters=clusters) as fleet:
        fleet.load(NAME, ONE)
        started = threading.Event()
        pids: list[int] = []

        def kill(_server: Server, command: bytes) -> None:
            if command.startswith(b"udf-put"):
                assert started.wait(30)
                os.kill(pids[0], signal.SIGKILL)

        for node in fleet.nodes:
            node.after = kill
        command = ["-h", fleet.hosts, "udf", "rewarm", "--yes", "--no-history"]
        with subprocess.Popen(
            [sys.executable, "-m", "asadm.cli", *command],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stderr=subprocess.PIPE,
        ) as process:
            pids.append(process.pid)
            started.set()
            _, err = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, err
        assert fleet[0].source(NAME) == marked(ONE)
        for node in fleet.nodes:
            node.after = None

        for words in (["check"], ["repair", "--dry-run"]):
            told = asadm("-h", fleet.hosts, "udf", *words)
            assert told.code == 3, told.err
            assert "marker" in told.out
        mended = asadm("-h", fleet.hosts, "udf", "repair", "--yes", "--no-history")
        assert mended.code == 0, mended.err
        assert fleet.sources(NAME) == [ONE, ONE]
        assert asadm("-h", fleet.hosts, "udf", "check").code == 0
