"""The lock on the work directory, and messages to systemd."""

import asyncio
import os
import re
import socket
from pathlib import Path

import pytest

import asudfd
from asudfd.errors import StartError
from asudfd.process.lock import NAME, WorkDirectory
from asudfd.process.metrics import Metrics
from asudfd.process.notify import beat_seconds, notify
from asudfd.process.work_directory import open_own, read_own
from asudfd.smd.interface import SINDEX, TRUNCATE, UDF, SmdFailed
from asudfd.smd.local import LocalSmd


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


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_a_directory_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work").chmod(mode)
    with pytest.raises(
        StartError, match=rf"others may write .*/work \(mode {mode:04o}\).*chmod go-w .*/work$"
    ):
        WorkDirectory(tmp_path / "work")
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give directories away")
def test_the_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    os.chown(tmp_path / "work", 1234, 1234)
    with pytest.raises(StartError, match=r"belongs to another user \(id 1234\)"):
        WorkDirectory(tmp_path / "work")


def put(there: str, path: Path, victim: Path) -> None:
    """Put something into the way of the file ``path``."""
    if there.startswith("link"):
        path.symlink_to(victim)
        if there == "link":
            victim.write_text("precious")
    elif there == "FIFO":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("there", ["link", "link to nothing", "FIFO", "directory"])
def test_nothing_but_a_file_is_taken_for_the_lock(tmp_path: Path, there: str) -> None:
    victim = tmp_path / "victim"
    (tmp_path / "work").mkdir()
    lock = tmp_path / "work" / NAME
    put(there, lock, victim)
    with pytest.raises(StartError, match="cannot use the work directory"):
        WorkDirectory(tmp_path / "work")
    assert (victim.read_text() if victim.exists() else "") == ("precious" if there == "link" else "")


def test_a_parent_that_others_may_write_is_a_doubt(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    directory = WorkDirectory(tmp_path / "work")
    assert "chmod go-w" in directory.doubts()
    tmp_path.chmod(0o1777)
    assert directory.doubts() == ""
    directory.release()


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


def test_metrics_are_plausible() -> None:
    metrics = Metrics()
    metrics.tick()
    available, percent = metrics.free()
    assert 1000 < metrics.resident() <= metrics.mapped()
    assert available > 0
    assert 0 < percent <= 100
    assert metrics.cpu_percent >= 0


STRANGE = {
    "link": "it is a symbolic link, which is not followed: put the file itself there",
    "link to nothing": "it is a symbolic link, which is not followed: put the file itself there",
    "FIFO": "it is a FIFO, not a file",
    "directory": "Is a directory",
}


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT | os.O_TRUNC])
@pytest.mark.parametrize("there", STRANGE)
def test_only_files_are_opened(tmp_path: Path, there: str, flags: int) -> None:
    victim = tmp_path / "victim"
    put(there, tmp_path / "file", victim)
    with pytest.raises(OSError) as refused:
        os.close(open_own(tmp_path / "file", flags))
    assert refused.value.strerror == STRANGE[there]
    assert (victim.read_text() if victim.exists() else "") == ("precious" if there == "link" else "")


def test_the_kind_of_an_error_is_kept(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_own(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"abc")
    with pytest.raises(FileExistsError):
        open_own(tmp_path / "file", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    assert (read_own(tmp_path / "file"), read_own(tmp_path / "file", 2)) == (b"abc", b"ab")


@pytest.mark.parametrize("name", ["smd/UDF.smd", "smd/UDF.smd.new", "smd/truncate.smd", "smd/sindex.smd"])
@pytest.mark.parametrize("there", STRANGE)
def test_no_metadata_is_read_or_written_elsewhere(tmp_path: Path, name: str, there: str) -> None:
    """What is to be written is refused, and the text says what is in the way."""
    victim = tmp_path / "victim"
    (tmp_path / "smd").mkdir()
    put(there, tmp_path / name, victim)
    told: list[str] = []

    async def start() -> None:
        smd = LocalSmd(tmp_path / "smd", warn=told.append)
        for module in (UDF, TRUNCATE, SINDEX):
            smd.subscribe(module, lambda _: None)
        await smd.start()
        try:
            await smd.set(UDF, "a.lua", "text")
        finally:
            await smd.stop()

    with pytest.raises((StartError, SmdFailed)) as refused:
        asyncio.run(start())
    assert STRANGE[there] in str(refused.value)
    assert (victim.read_text() if victim.exists() else "") == ("precious" if there == "link" else "")


OWN = ("smd", "record", "udf", "lua/demotion.py", "process/lock.py")


def test_every_file_of_the_work_directory_is_opened_by_one_function() -> None:
    """LMDB opens its own, behind `guarded`; the others that are left are no files of it, and say so."""
    root = Path(asudfd.__file__).parent
    sources = [source for each in OWN for source in (sorted((root / each).rglob("*.py")) or [root / each])]
    wrong = [
        f"{source.relative_to(root)}:{number}"
        for source in sources
        for number, line in enumerate(source.read_text().splitlines(), 1)
        if re.search(
            r"\bos\.open\(|(?<!lmdb)\.open\(|\.(read|write)_(bytes|text)\(|(?<![\w.])(?<!def )open\(", line
        )
        and "os.devnull" not in line
        and "_BOOT" not in line
    ]
    assert wrong == []
