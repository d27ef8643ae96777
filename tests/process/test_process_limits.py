"""A node whose processes meet the limits of the system: errors say so, others are served, and calls go on when there is room again."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asinfo.wire.udf import put
from asudfd.config.schema.lua import INLINE, PROCESS
from asudfd.lua.worker_calls import ENDED
from tests.process.test_worker_life import MODULE, isolated_by, zygote_of
from tests.processes import ROOT, Daemon, log_path
from tests.udf_client import UdfClient, register
from tests.worker_processes import children

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

USER = 61_000 + os.getpid() % 4000
"""A user of nobody: the system counts the processes of a user wherever they are, and does not limit root's."""

PROCESSES = 60
AS_USER = (
    *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"),
    *("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"),  # this Python may be root's own
)
LIMITED = ("prlimit", f"--nproc={PROCESSES}")

FILL = f"""
import sys, threading
for _ in range({PROCESSES}):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("full", flush=True)
sys.stdin.read()
"""


def _may_change_users() -> bool:
    if os.geteuid() or not shutil.which("setpriv") or not shutil.which("prlimit"):
        return False
    return subprocess.run([*AS_USER, *LIMITED, "true"], check=False, capture_output=True).returncode == 0


of_another_user = pytest.mark.skipif(
    not _may_change_users(), reason="needs root, setpriv and prlimit: the limit does not bind root"
)


@contextmanager
def full() -> Iterator[subprocess.Popen[bytes]]:
    """Another process of the user that has all the threads that he may have."""
    with subprocess.Popen(
        [*AS_USER, sys.executable, "-c", FILL], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as others:
        assert others.stdout is not None
        assert others.stdout.readline() == b"full\n"
        yield others
        others.kill()


def node_command(directory: Path) -> list[str]:
    """What starts a node of this Python."""
    return [sys.executable, "-m", "asudfd.cli", "--port", "0", "--work-directory", str(directory)]


@contextmanager
def started(directory: Path, isolation: str, before: Sequence[str] = ()) -> Iterator[Daemon]:
    """A node with the module `m`, all of whose functions have been called."""
    command = [*before, *node_command(directory)]
    with log_path(directory).open("ab") as messages:
        process = subprocess.Popen(
            [*command, *isolated_by(isolation)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
        )
    node = Daemon(process, directory, log_path(directory))
    try:
        register(node, "m", MODULE)
        with UdfClient(node) as client:
            for number in range(20):
                for function in ("quick", "slow"):
                    assert client.call("m", function, number).bins == {"SUCCESS": number}
        yield node
        assert node.stop() == 0
    finally:
        node.kill()


def end_workers(node: Daemon) -> None:
    """The next call needs a new one."""
    for worker in children(zygote_of(node)):
        os.kill(worker, signal.SIGKILL)


def put_fails(node: Daemon) -> bool:
    """Whether a module cannot be checked; the node answers all the same."""
    answer = node.ask(put(b"n.lua", b"return 1") + b"\n")
    assert node.ask(b"build\n")
    return b"error=compile_error" in answer


@of_another_user
@pytest.mark.parametrize("isolation", [INLINE, PROCESS])
def test_a_user_who_may_have_no_more_processes(tmp_path: Path, isolation: str) -> None:
    """A real `ulimit -u`, which other processes of the user have used up."""
    tmp_path.chmod(0o777)
    with (
        started(tmp_path / "work", isolation, [*AS_USER, *LIMITED]) as node,
        UdfClient(node) as client,
        full() as others,
    ):
        end_workers(node)
        for number in range(3):
            failure = client.call("m", "slow", number).bins["FAILURE"]
            assert failure == "no process can be made: Resource temporarily unavailable"
        assert put_fails(node)
        others.kill()
        others.wait()
        assert client.call("m", "slow", 4).bins == {"SUCCESS": 4}
        assert client.call("m", "quick", 5).bins == {"SUCCESS": 5}
        register(node, "n", b"return 1")


@of_another_user
def test_a_node_that_stops_while_there_may_be_no_more_threads(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with started(tmp_path / "work", INLINE, [*AS_USER, *LIMITED]) as node, full():
        assert node.stop() == 0


@of_another_user
def test_a_node_that_may_have_no_threads_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with full():
        ended = subprocess.run(
            [*AS_USER, *LIMITED, *node_command(tmp_path / "work")],
            cwd=ROOT,
            capture_output=True,
            check=False,
            text=True,
        )
    assert ended.returncode == 1
    assert "asudfd: no thread can be started: " in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("isolation", [INLINE, PROCESS])
def test_a_node_that_is_less_urgent_than_others(tmp_path: Path, isolation: str) -> None:
    """Started with nice(1), as of cron: its processes are less urgent by more, and never by less, which only root could make them."""
    tmp_path.chmod(0o777)
    user = AS_USER if _may_change_users() else ()
    with started(tmp_path / "work", isolation, [*user, "nice", "-n", "10"]) as node:
        own = os.getpriority(os.PRIO_PROCESS, node.process.pid)
        workers = children(zygote_of(node))
        assert workers
        assert all(os.getpriority(os.PRIO_PROCESS, worker) >= own for worker in workers)
        assert max(os.getpriority(os.PRIO_PROCESS, worker) for worker in workers) > min(own, 18)


@pytest.mark.skipif("not hasattr(resource, 'prlimit')", reason="only Linux limits another process")
def test_workers_without_memory(tmp_path: Path) -> None:
    """What makes workers may take no more address space than it has, and neither may they."""
    with started(tmp_path / "work", PROCESS) as node, UdfClient(node) as client:
        zygote = zygote_of(node)
        most = int(Path(f"/proc/{zygote}/statm").read_text().split()[0]) * resource.getpagesize()
        before = resource.prlimit(zygote, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
        end_workers(node)
        for number in range(3):
            failure = str(client.call("m", "slow", number).bins["FAILURE"])
            assert failure == ENDED.decode() or failure.startswith("no process can be made: "), failure
            assert node.ask(b"build\n")
        with suppress(
            ProcessLookupError
        ):  # it may have ended for want of memory itself: there is another one
            resource.prlimit(zygote, resource.RLIMIT_AS, before)
        assert client.call("m", "slow", 4).bins == {"SUCCESS": 4}
        assert client.call("m", "quick", 5).bins == {"SUCCESS": 5}
