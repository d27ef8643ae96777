"""A full disk says so: in the log, in the result code, at a start; and when there is room again, work goes on."""

import asyncio
import errno
import os
from pathlib import Path

import lmdb
import pytest

from asinfo.wire.result import Result
from asudfd.record import device as device_module
from asudfd.record import journal
from asudfd.record.database import Database
from asudfd.record.journal import Journal
from asudfd.record.refused import RequestRefused
from tests.fakes.records import digest, make, make_and_close, new


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROOM", 1 << 14)
    monkeypatch.setattr(device_module, "RETRY_SECONDS", 0.01)


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (errno.ENOSPC, Result.OUT_OF_SPACE),
        (errno.EDQUOT, Result.OUT_OF_SPACE),
        (errno.EFBIG, Result.OUT_OF_SPACE),
        (errno.EIO, Result.SERVER_ERROR),
    ],
)
def test_the_result_code_tells_a_full_disk_from_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, result: Result
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    async def run() -> None:
        said: list[str] = []
        namespace = make(tmp_path / "test.dat", said=said, commit_to_device=True, flush_max_ms=1000)
        await namespace.start()
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", refuse)
            with pytest.raises(RequestRefused, match=os.strerror(code)) as refused:
                namespace.put(digest(1), new(1))
            assert refused.value.code is result
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "sync", refuse)
            namespace.put(digest(1), new(1))
            durable = namespace.durable()
            assert durable is not None
            assert await durable == result
            assert os.strerror(code) in said[0]
        await namespace.stop()

    asyncio.run(run())
    assert make_and_close(tmp_path / "test.dat").objects == 1


def test_a_stop_while_the_disk_is_broken_attempts_nothing_on_closed_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file cannot even be opened again after the error."""

    attempts: list[object] = []

    def broken(*arguments: object) -> None:
        attempts.append(arguments)
        raise lmdb.Error("mdb_txn_commit: Input/output error")

    faults: list[object] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        said: list[str] = []
        namespace = make(tmp_path / "test.dat", said=said)
        await namespace.start()
        with monkeypatch.context() as patch:
            patch.setattr(Database, "_write", broken)
            patch.setattr(Database, "_open", broken)
            namespace.put(digest(1), new(1))
            async with asyncio.timeout(20):
                while not said:  # noqa: ASYNC110 - a warning is no event
                    await asyncio.sleep(0.001)
            assert namespace.get(digest(1)) == new(1)
            with pytest.raises(RequestRefused, match="is closed"):
                namespace.get(digest(2))
            async with asyncio.timeout(20):
                while len(attempts) < 6:  # noqa: ASYNC110 - an attempt is no event
                    await asyncio.sleep(0.001)
            await namespace.stop()
            tried = len(attempts)
            await asyncio.sleep(0.05)
            assert len(attempts) == tried
        assert len(said) == 1

    asyncio.run(run())
    assert not faults
    assert make_and_close(tmp_path / "test.dat").objects == 1
