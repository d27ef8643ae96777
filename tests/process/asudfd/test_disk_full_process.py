"""A full disk, with descriptors, limits and file systems of the process: what it says, and what is kept."""

import asyncio
import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest

from asinfo.wire.result import Result
from asudfd.errors import StartError
from asudfd.record.disk import reason
from asudfd.record.journal import Journal
from asudfd.record.refused import RequestRefused
from tests.fakes.records import device, digest, make, make_and_close, new
from tests.processes import ROOT

FULL = "No space left on device"


@pytest.mark.parametrize("what", ["begin", "sync_beginning"])
def test_a_journal_that_cannot_be_begun_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, FULL)

    async def run() -> None:
        said: list[str] = []
        namespace = make(tmp_path / "test.dat", said=said)
        await namespace.start()
        with monkeypatch.context() as patch:
            patch.setattr(Journal, what, full)
            namespace.put(digest(1), new(1))
            async with asyncio.timeout(20):
                while not said:  # noqa: ASYNC110 - a warning is no event
                    await asyncio.sleep(0.001)
            with pytest.raises(RequestRefused) as refused:
                namespace.put(digest(2), new(2))
            assert refused.value.code is Result.OUT_OF_SPACE
            assert FULL in said[0]
        async with asyncio.timeout(20):
            while device(namespace)._failing:  # noqa: ASYNC110 - the engine tells nobody
                await asyncio.sleep(0.001)
        namespace.put(digest(2), new(2))
        await namespace.stop()
        assert len(said) == 1

    asyncio.run(run())
    assert make_and_close(tmp_path / "test.dat").objects == 2


def test_what_was_opened_is_closed_when_a_start_fails_half_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, FULL)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "begin", full)
        with pytest.raises(StartError, match=f"cannot write .*: {FULL}"):
            make(tmp_path / "test.dat")
    device(make(tmp_path / "test.dat")).close()


def test_lmdb_s_input_output_error_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    error = lmdb.Error("mdb_txn_commit: Input/output error")
    monkeypatch.setattr(error, "code", errno.EIO, raising=False)  # as LMDB's own have it
    assert reason(error, path) == ("Input/output error", False)
    assert path.read_bytes() == b"x" * 100

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, FULL)

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert reason(error, path) == (FULL, True)
    assert reason(OSError(errno.EIO, "Input/output error"), path) == ("Input/output error", False)


WRITER = """
import asyncio, resource, sys
from pathlib import Path
from asinfo.wire.result import Result
from asudfd.record import device as device_module, journal
from asudfd.record.refused import RequestRefused
from tests.fakes.records import device, digest, make, new

journal.ROOM = 1 << 16
device_module.RETRY_SECONDS = 0.01
path, limit = Path(sys.argv[1]), int(sys.argv[2])

async def main():
    said = []
    namespace = make(path, said=said)
    await namespace.start()
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    number = 0
    while not said:
        try:
            namespace.put(digest(number), new(number, 500))
            number += 1
        except RequestRefused as error:
            assert error.code in (Result.OUT_OF_SPACE, Result.DEVICE_OVERLOAD), error
        await asyncio.sleep(0)
    try:
        namespace.put(digest(number), new(number))
        raise SystemExit("a write was taken")
    except RequestRefused as error:
        assert error.code is Result.OUT_OF_SPACE, error
    assert all(namespace.get(digest(each)) == new(each, 500) for each in range(number))
    await namespace.stop()
    print(number, said)

asyncio.run(main())
"""


@pytest.fixture
def full(tmp_path: Path) -> Iterator[tuple[Path, int, str]]:
    """A directory whose disk becomes full, a limit of a file's size, and what a full disk says there.

    A file system of 1 MB where one may be mounted; else a limit of what a process may write to a file.
    """
    mount = ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        yield tmp_path, 400_000, os.strerror(errno.EFBIG)
        return
    try:
        yield tmp_path, 0, FULL
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize("limited", [False, True])
def test_a_disk_that_becomes_full_says_so_and_keeps_what_was_acknowledged(
    full: tuple[Path, int, str], tmp_path_factory: pytest.TempPathFactory, *, limited: bool
) -> None:
    directory, limit, text = full
    if limited:  # and this everywhere
        directory, limit, text = tmp_path_factory.mktemp("limited"), 400_000, os.strerror(errno.EFBIG)
    path = directory / "test.dat"
    command = [sys.executable, "-c", WRITER, str(path), str(limit)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    number, _, said = done.stdout.partition(" ")
    assert text in said
    assert "Input/output" not in said
    copy = tmp_path_factory.mktemp("roomy")
    for each in directory.glob("test.dat*"):
        (copy / each.name).write_bytes(each.read_bytes())
    namespace = make(copy / "test.dat")
    assert [namespace.get(digest(each)) == new(each, 500) for each in range(int(number))] == [True] * int(
        number
    )
    device(namespace).close()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
