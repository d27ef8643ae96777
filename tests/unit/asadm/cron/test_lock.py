"""One run at a time."""

import os
from pathlib import Path

import pytest

from asadm.cron.lock import LockFile, LockHeldError
from asinfo.errors import UsageError


def test_a_free_lock_is_taken_and_freed(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with LockFile(path):
        assert Path(path).read_text() == f"{os.getpid()}\n"
    with LockFile(path):
        pass


def test_a_second_run_is_told_who_holds_it(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with (
        LockFile(path),
        pytest.raises(LockHeldError, match=rf"process {os.getpid()}\) holds the lock"),
        LockFile(path),
    ):
        pass


def test_a_stale_file_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("999999\nleft by a killed run, with more text than a process id\n")
    with LockFile(str(path)):
        assert path.read_text() == f"{os.getpid()}\n"


def test_waiting_takes_the_lock_when_it_is_freed(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    holder = LockFile(path).__enter__()
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            holder.__exit__(None, None, None)

    with LockFile(path, wait=60, sleep=sleep):
        assert len(waits) == 3


def test_waiting_ends(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with LockFile(path), pytest.raises(LockHeldError), LockFile(path, wait=0.02):
        pass


def test_a_file_removed_while_held_does_not_let_two_runs_believe_they_hold_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with LockFile(str(path)):
        path.unlink()
        with LockFile(str(path)), pytest.raises(LockHeldError), LockFile(str(path)):
            pass


@pytest.mark.parametrize("name", ["no/such/directory/lock", "", "nul\0"])
def test_an_unusable_path_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--lock"), LockFile(f"{tmp_path}/{name}" if name else str(tmp_path)):
        pass


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is a symbolic link"), LockFile(str(tmp_path / "lock")):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_descriptors_do_not_leak(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with LockFile(str(tmp_path / "lock")):
            pass
        with LockFile(str(tmp_path / "lock")), pytest.raises(LockHeldError), LockFile(str(tmp_path / "lock")):
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before
