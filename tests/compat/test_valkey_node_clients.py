"""Clients of Node.js against one node and a cluster: iovalkey, and ioredis, from which it comes."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.compat.client_table import NODE_MODULES, PROGRAMS, SECONDS_MAX
from tests.compat.valkey_library import CODE
from tests.processes import Daemon, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEPS = ("load, list, delete", "call", "eval by its sum", "kill", "dump, restore", "cluster")


def started(directory: Path, *arguments: str) -> Iterator[Daemon]:
    with running(directory, ("--resp-port", "0", *arguments)) as daemon:
        yield daemon


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Daemon]:
    yield from started(tmp_path / "node")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Daemon]:
    yield from started(tmp_path / "cluster", "--nodes", "3")


@pytest.mark.parametrize("package", ["iovalkey", "ioredis"])
def test_a_client_of_node_js(node: Daemon, cluster: Daemon, package: str) -> None:
    program = shutil.which("node")
    if program is None or not (NODE_MODULES / package).is_dir():
        pytest.skip(f"{package} is not installed: make test installs it where there is npm")
    ports = [str(daemon.resp_addresses[0][1]) for daemon in (node, cluster)]
    done = subprocess.run(
        [program, str(PROGRAMS / "valkey_functions.js"), package, CODE, *ports],
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.stdout.splitlines() == [f"{step}: ok" for step in STEPS], done.stderr
