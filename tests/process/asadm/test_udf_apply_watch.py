"""``asadm udf apply DIR --watch``: every save is applied, until Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.fakes.fleet import BROKEN, Fleet, Server
from tests.process.asadm.test_asadm_terminal import command, environment
from tests.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def udf(tmp_path: Path) -> Path:
    directory = tmp_path / "udf"
    directory.mkdir()
    (directory / "a.lua").write_text("return 1\n")
    (directory / "b.lua").write_text("return 2\n")
    return directory


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Fleet(2, real=False) as fleet:
        yield fleet


@pytest.fixture
def watching(fleet: Fleet, udf: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    flags = ["udf", "apply", str(udf), "--yes", "--watch", "--no-lint", "--no-history"]
    with (
        (tmp_path / "out").open("wb") as out,
        subprocess.Popen(
            command("-h", fleet.hosts, *flags),
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=out,
            stderr=out,
        ) as process,
    ):
        yield process
        process.kill()


def wait_for(condition: Callable[[], bool], output: Path) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, output.read_text()
        time.sleep(0.02)


def test_each_save_is_applied(
    watching: subprocess.Popen[bytes], fleet: Fleet, udf: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def held(*names: bytes) -> bool:
        return all(sorted(node.names) == sorted(names) for node in fleet.nodes)

    wait_for(lambda: held(b"a.lua", b"b.lua"), out)
    first = fleet[0].hash(b"a.lua")
    (udf / "a.lua").write_text("return 'changed'\n")
    wait_for(lambda: fleet[1].hash(b"a.lua") not in {first, None}, out)
    (udf / "a.lua").write_bytes(BROKEN)
    wait_for(lambda: BROKEN.decode() in out.read_text(), out)
    (udf / "a.lua").write_text("return 'again'\n")
    (udf / "b.lua").unlink()
    wait_for(lambda: held(b"a.lua"), out)
    watching.send_signal(signal.SIGINT)
    assert watching.wait(WAIT_SECONDS) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_an_apply_ends_it(
    watching: subprocess.Popen[bytes],
    fleet: Fleet,
    udf: Path,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    out = tmp_path / "out"
    wait_for(lambda: b"b.lua" in fleet[0].names and b"b.lua" in fleet[1].names, out)

    def send(_: Server, said: bytes) -> bytes | None:
        if said.startswith(b"udf-put"):
            fleet[0].before = None
            watching.send_signal(number)
        return None

    fleet[0].before = send
    (udf / "a.lua").write_text("return 'changed'\n")
    assert watching.wait(WAIT_SECONDS) == 0, out.read_text()
