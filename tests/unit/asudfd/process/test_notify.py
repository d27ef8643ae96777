"""Messages to systemd: nothing where nobody listens."""

import os
import socket
from pathlib import Path

import pytest

from asudfd.process.notify import beat_seconds, notify


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


@pytest.mark.parametrize(
    ("limit", "process", "seconds"),
    [("", "", 0.0), ("30000000", "", 15.0), ("30000000", "ours", 15.0), ("30000000", "1", 0.0), ("x", "", 0.0)],
)  # fmt: skip
def test_how_often_systemd_wants_to_hear(
    monkeypatch: pytest.MonkeyPatch, limit: str, process: str, seconds: float
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", limit)
    monkeypatch.setenv("WATCHDOG_PID", process.replace("ours", str(os.getpid())))
    assert beat_seconds() == seconds
