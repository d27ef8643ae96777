"""The lock on the work directory, and messages to systemd."""

import os
import socket
from pathlib import Path

import pytest

from daemon.errors import StartError
from daemon.lock import NAME, WorkDirectory
from daemon.metrics import Metrics
from daemon.notify import notify


def test_one_owner_at_a_time(tmp_path: Path) -> None:
    first = WorkDirectory(tmp_path / "work")
    assert (tmp_path / "work" / NAME).read_text() == f"{os.getpid()}\n"
    with pytest.raises(StartError, match=f"process {os.getpid()}"):
        WorkDirectory(tmp_path / "work")
    first.release()
    WorkDirectory(tmp_path / "work").release()


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="Not a directory"):
        WorkDirectory(tmp_path / "file" / "work")


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "vsock:1:2")
    notify("READY=1")


def test_systemd_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify("READY=1")
        assert supervisor.recv(100) == b"READY=1"


def test_metrics_are_plausible() -> None:
    metrics = Metrics()
    metrics.tick()
    available, percent = metrics.free()
    assert 1000 < metrics.resident() <= metrics.mapped()
    assert available > 0
    assert 0 < percent <= 100
    assert metrics.cpu_percent >= 0
