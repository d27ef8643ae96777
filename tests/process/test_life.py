"""The life of a daemon process: how it starts, why it does not, and how it ends."""

import base64
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.processes import READY_SECONDS, ROOT, Daemon, frame, receive
from tests.waiting import wait_for

CONFIG = """\
service {{
    node-id b10
    cluster-name shop
    work-directory {directory}
}}
logging {{
    file {directory}/asudfd.log {{
        context any info
    }}
}}
network {{
    service {{
        address 127.0.0.1
        port 0
    }}
}}
namespace goods {{
    storage-engine memory
}}
"""


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A daemon that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "asudfd.cli", *arguments],
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
    )


def put(name: str, source: bytes) -> bytes:
    content = base64.b64encode(source).decode()
    return f"udf-put:filename={name};content={content};content-len={len(content)};udf-type=LUA;\n".encode()


def test_it_ends_well_on_sigterm_and_says_nothing_else_on_stdout(start_daemon: StartDaemon) -> None:
    daemon = start_daemon()
    assert daemon.ask(b"node\n") == b"node\tA1\n"
    assert daemon.process.stdout is not None
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.stdout.read() == b""
    assert daemon.wait() == 0
    assert "stopped" in daemon.log.read_text()


def test_it_ends_well_on_ctrl_c(start_daemon: StartDaemon) -> None:
    daemon = start_daemon()
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.wait() == 0


def test_sigterm_lets_the_command_in_flight_finish(start_daemon: StartDaemon) -> None:
    daemon = start_daemon()
    with daemon.connect() as connection:
        request = put("slow.lua", b"local x = 0 for i = 1, 3e6 do x = x + i end\n")
        connection.sendall(frame(request))
        connection.sendall(frame(b"node\n"))
        select.select([connection], [], [], 0.05)  # the put has been read, and is checked or stored now
        daemon.process.send_signal(signal.SIGTERM)
        assert receive(connection) == request[:-1] + b"\tok\n"
    assert daemon.wait() == 0
    assert b"slow.lua" in start_daemon().ask(b"udf-list\n")


def test_modules_survive_and_stay_in_order(start_daemon: StartDaemon) -> None:
    daemon = start_daemon()
    for name in ("z.lua", "a.lua", "m.lua"):
        assert daemon.ask(put(name, b"-- " + name.encode())).endswith(b"\tok\n")
    before = daemon.ask(b"udf-list\n")
    assert daemon.stop() == 0
    assert start_daemon().ask(b"udf-list\n") == before


def test_a_taken_port_is_a_clear_error(start_daemon: StartDaemon, tmp_path: Path) -> None:
    daemon = start_daemon()
    second = run("--port", str(daemon.port), "--work-directory", str(tmp_path / "other"))
    assert second.returncode == 1
    assert second.stdout == ""
    assert f"asudfd: cannot listen on 127.0.0.1:{daemon.port}: " in second.stderr


def test_a_work_directory_has_one_owner(start_daemon: StartDaemon) -> None:
    daemon = start_daemon()
    second = run("--port", "0", "--work-directory", str(daemon.work_directory))
    assert second.returncode == 1
    assert f"belongs to another daemon (process {daemon.process.pid})" in second.stderr
    assert daemon.ask(b"node\n") == b"node\tA1\n"


def test_a_killed_daemon_leaves_no_lock(start_daemon: StartDaemon) -> None:
    start_daemon().kill()
    assert start_daemon().ask(b"node\n") == b"node\tA1\n"


def test_a_work_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failed = run("--port", "0", "--work-directory", str(tmp_path / "file" / "work"))
    assert failed.returncode == 1
    assert "asudfd: cannot use the work directory" in failed.stderr


def test_foreign_files_in_user_path_are_not_deleted(tmp_path: Path) -> None:
    sources = tmp_path / "work" / "usr" / "udf" / "lua"
    sources.mkdir(parents=True)
    (sources / "mine.lua").write_text("-- mine")
    failed = run("--port", "0", "--work-directory", str(tmp_path / "work"))
    assert failed.returncode == 1
    assert (sources / "mine.lua").read_text() == "-- mine"


def test_a_configuration_file(start_daemon: StartDaemon, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    directory.mkdir()
    path = tmp_path / "asudfd.conf"
    path.write_text(CONFIG.format(directory=directory))
    daemon = start_daemon("--config-file", str(path), work_directory=directory)
    assert (
        daemon.ask(b"node\ncluster-name\nnamespaces\n")
        == b"node\tB10\ncluster-name\tshop\nnamespaces\tgoods\n"
    )
    assert "listens on" in (directory / "asudfd.log").read_text()
    assert daemon.log.read_text() == ""


def test_sighup_opens_the_log_anew(start_daemon: StartDaemon, tmp_path: Path) -> None:
    directory = tmp_path / "state"
    directory.mkdir()
    path = tmp_path / "asudfd.conf"
    path.write_text(CONFIG.format(directory=directory))
    daemon = start_daemon("--config-file", str(path), work_directory=directory)
    log = directory / "asudfd.log"
    log.rename(directory / "asudfd.log.1")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(log.exists)
    assert daemon.ask(b"log-message:message=after\n") == b"log-message:message=after\t\n"
    wait_for(lambda: "after" in log.read_text())
    assert "after" not in (directory / "asudfd.log.1").read_text()


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(start_daemon: StartDaemon, tmp_path: Path, *, abstract: bool) -> None:
    name = f"@{tmp_path}/notify" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(name.replace("@", "\0"))
        supervisor.settimeout(READY_SECONDS)
        daemon = start_daemon(NOTIFY_SOCKET=name)
        assert supervisor.recv(100) == b"READY=1"
        assert daemon.stop() == 0
        assert supervisor.recv(100) == b"STOPPING=1"


def test_three_nodes_in_one_process(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--nodes", "3")
    assert len(daemon.addresses) == 3
    ports = [port for _, port in daemon.addresses]
    for number, name in enumerate(("A1", "A2", "A3")):
        peers = ",".join(
            f"[{other},,[127.0.0.1:{port}]]"
            for other, port in zip(("A1", "A2", "A3"), ports, strict=True)
            if other != name
        )
        assert daemon.ask(b"node\npeers-clear-std\ncluster-stable:size=3\n", number).startswith(
            f"node\t{name}\npeers-clear-std\t0,3000,[{peers}]\ncluster-stable:size=3\t".encode()
        )
    assert partitions(daemon) == [1] * 4096


def partitions(daemon: Daemon) -> list[int]:
    """How many of the three nodes say that they own each partition."""
    owners = [0] * 4096
    for number in range(3):
        answer = daemon.ask(b"replicas\n", number).partition(b"\t")[2]
        bits = int.from_bytes(base64.b64decode(answer.split(b";")[0].split(b",")[2]), "big")
        owners = [count + (bits >> (4095 - partition) & 1) for partition, count in enumerate(owners)]
    return owners


def test_three_nodes_share_their_modules(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--nodes", "3")
    assert daemon.ask(put("shared.lua", b"function f() end\n"), 1).endswith(b"\tok\n")
    lists = {daemon.ask(b"udf-list\n", number) for number in range(3)}
    assert len(lists) == 1
    assert b"shared.lua" in lists.pop()
    files = sorted((daemon.work_directory / "usr/udf/lua").glob("*/shared.lua"))
    assert [path.parent.name for path in files] == ["A1", "A2", "A3"]


def test_log_lines_name_their_part_and_their_node(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--nodes", "2")
    (daemon.work_directory / "usr/udf/lua/A2/a.lua/in-the-way").mkdir(parents=True)
    assert daemon.ask(put("a.lua", b"-- a"), node=1).endswith(b"\tok\n")
    assert daemon.ask(b"udf-clear-cache:\n", node=1).endswith(b"\tok\n")
    (daemon.work_directory / "smd/UDF.smd").unlink()
    (daemon.work_directory / "smd/UDF.smd/in-the-way").mkdir(parents=True)
    assert b"error=storage_error" in daemon.ask(put("b.lua", b"-- b"))
    log = daemon.log.read_text()
    for context, told in (
        ("WARNING (udf)", "node A2: cannot write"),
        ("INFO (udf)", "node A2: udf-put of 'a.lua': ok"),
        ("INFO (udf)", "node A2: the cache of Lua contexts was cleared"),
        ("WARNING (smd)", "cannot write"),
        ("INFO (service)", "node A2 listens on"),
    ):
        assert any(context in line and told in line for line in log.splitlines()), (told, log)


def test_it_works_without_uvloop(start_daemon: StartDaemon) -> None:
    daemon = start_daemon(ASUDFD_LOOP="asyncio")
    with daemon.connect() as connection:
        connection.sendall(frame(b"build\n") * 1000 + b"nonsense")
        for _ in range(1000):
            assert receive(connection) == b"build\t8.1.2.0\n"
    assert daemon.stop() == 0
