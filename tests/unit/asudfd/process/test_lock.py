"""The lock on the work directory: one owner, and only a directory that nobody else may write."""

import os
from pathlib import Path

import pytest

from asudfd.errors import StartError
from asudfd.process.lock import NAME, WorkDirectory
from tests.unit.asudfd.process.test_work_directory import put


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
