"""A journal gives back what it took, up to the first entry that is not whole, of one epoch."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import StartError
from daemon.record import journal as journal_module
from daemon.record.journal import ROOM, Journal

ENTRY = 36
"""Size of an entry without its value."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "ROOM", 1 << 16)


def digest(number: int) -> bytes:
    return bytes([number]) * 20


def write(path: Path, epoch: int, values: dict[bytes, bytes], seed: int = 7) -> int:
    journal = Journal(path)
    journal.seed = seed
    journal.begin(epoch)
    for key, value in values.items():
        journal.append(key, value)
    journal.sync()
    journal.close()
    return journal.size


def read(path: Path, seed: int = 7) -> tuple[int, dict[bytes, bytes]]:
    journal = Journal(path)
    journal.seed = seed
    try:
        return journal.read()
    finally:
        journal.close()


def test_a_new_journal_is_empty_and_has_its_room(tmp_path: Path) -> None:
    assert read(tmp_path / "j") == (0, {})
    assert (tmp_path / "j").stat().st_size == 1 << 16
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600
    assert ROOM == 8 << 20


def test_entries_come_back_and_the_last_of_a_digest_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.begin(3)
    journal.append(digest(1), b"one")
    journal.append(digest(2), b"two")
    journal.append(digest(1), b"")
    assert journal.read() == (3, {digest(1): b"", digest(2): b"two"})
    assert journal.size == 3 * ENTRY + 6
    journal.close()


def test_what_an_earlier_epoch_left_behind_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "j", 3, {digest(number): b"old" * 5 for number in range(9)})
    write(tmp_path / "j", 5, {digest(1): b"new" * 5, digest(2): b"new" * 5})
    assert read(tmp_path / "j") == (5, {digest(1): b"new" * 5, digest(2): b"new" * 5})


def test_a_journal_of_another_file_says_nothing(tmp_path: Path) -> None:
    write(tmp_path / "j", 3, {digest(1): b"one"}, seed=1)
    assert read(tmp_path / "j", seed=2) == (0, {})


@given(position=st.integers(0, 3 * ENTRY + 29), value=st.integers(0, 255))
def test_a_torn_entry_ends_the_reading(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "j"
    values = {digest(number): b"0123456789" for number in range(3)}
    size = write(path, 3, values)
    assert size == 3 * (ENTRY + 10)
    content = bytearray(path.read_bytes())
    same = content[position] == value
    content[position] = value
    path.write_bytes(content)
    whole = 3 if same else position // (ENTRY + 10)
    assert read(path) == (3 if whole else 0, dict(list(values.items())[:whole]))


@given(st.binary(max_size=200))
def test_garbage_is_no_entry(tmp_path_factory: pytest.TempPathFactory, garbage: bytes) -> None:
    path = tmp_path_factory.mktemp("garbage") / "j"
    path.write_bytes(garbage)
    assert read(path) == (0, {})


def test_a_journal_that_grew_gives_its_room_back(tmp_path: Path) -> None:
    write(tmp_path / "j", 3, {digest(number): bytes(60_000) for number in range(3)})
    assert (tmp_path / "j").stat().st_size > 1 << 16
    assert len(read(tmp_path / "j")[1]) == 3
    write(tmp_path / "j", 4, {digest(1): b"one"})
    assert (tmp_path / "j").stat().st_size == 1 << 16


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j")
    journal.begin(3)
    journal.append(digest(1), b"one")
    pwrite = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, data, offset: pwrite(fd, data[: len(data) // 2], offset))
        with pytest.raises(OSError, match="No space left"):
            journal.append(digest(2), b"two")
    assert journal.read() == (3, {digest(1): b"one"})
    journal.append(digest(3), b"three")
    assert journal.read() == (3, {digest(1): b"one", digest(3): b"three"})
    journal.close()


def test_a_journal_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    with pytest.raises(StartError, match="in use by another process"):
        Journal(tmp_path / "j")
    journal.close()
    Journal(tmp_path / "j").close()


def test_a_journal_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StartError, match=r"cannot open .*: No such file"):
        Journal(tmp_path / "none" / "j")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StartError, match=r"cannot write .*: No space left"):
        Journal(tmp_path / "j")
