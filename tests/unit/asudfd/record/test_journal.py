"""A journal gives back what it took, and tells a torn last entry from damage and from what a crash of the machine took."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asudfd.errors import StartError
from asudfd.record import entries
from asudfd.record import journal as journal_module
from asudfd.record.entries import ENTRIES, ENTRY, NOTES, JournalContent, JournalHeaderError
from asudfd.record.journal import ROOM, Journal

IDENTITY = 7


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "ROOM", 1 << 16)


def digest(number: int) -> bytes:
    return bytes([number]) * 20


def value(number: int) -> bytes:
    return b"%d" % number * 10


def write(path: Path, epoch: int, count: int, *, noted: int | None = None, synced: int = 0) -> bytes:
    """``count`` entries, of which the first are noted as acknowledged, or as flushed; what is in the file then."""
    journal = Journal(path)
    journal.begin(epoch, IDENTITY)
    for number in range(count):
        journal.append(digest(number), value(number))
        if number + 1 == synced:
            journal.note_synced(journal.size, journal.entries)
        if noted is None or number < noted:
            journal.note()
    journal.close()
    return path.read_bytes()


def read(content: bytes) -> JournalContent:
    return entries.read(content, *entries.parse_head(content))


def end(number: int) -> int:
    """Where the first ``number`` entries of ``write`` end."""
    return ENTRIES + sum(ENTRY.size + len(value(each)) for each in range(number))


@pytest.fixture
def another_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes now is read after the machine has been down."""
    monkeypatch.setattr(entries, "boot", lambda: b"another boot....")


def test_a_new_journal_is_empty_and_has_its_room(tmp_path: Path) -> None:
    assert read(write(tmp_path / "j", 3, 0)) == (3, {}, 0, [])
    assert (tmp_path / "j").stat().st_size == 1 << 16
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600
    assert ROOM == 8 << 20


def test_a_journal_that_was_only_opened_is_as_it_was(tmp_path: Path) -> None:
    content = write(tmp_path / "j", 3, 2)[:5000]
    (tmp_path / "j").write_bytes(content)
    Journal(tmp_path / "j").close()
    assert (tmp_path / "j").read_bytes() == content


def test_entries_come_back_and_the_last_of_a_digest_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.begin(3, IDENTITY)
    journal.append(digest(1), b"one")
    journal.append(digest(2), b"two")
    journal.append(digest(1), b"")
    assert journal.size == ENTRIES + 3 * ENTRY.size + 6
    journal.close()
    content = (tmp_path / "j").read_bytes()
    assert read(content) == (3, {digest(1): b"", digest(2): b"two"}, 3, [])
    assert entries.parse_head(content)[0].identity == IDENTITY


def test_what_an_earlier_epoch_left_behind_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "j", 3, 9)
    content = write(tmp_path / "j", 5, 2)
    assert content[end(3) : end(4)].strip(b"\0")
    assert read(content) == (5, {digest(0): value(0), digest(1): value(1)}, 2, [])


@given(kept=st.integers(0, ENTRY.size + 9))
def test_a_torn_last_entry_that_was_not_acknowledged_is_nothing(
    tmp_path_factory: pytest.TempPathFactory, kept: int
) -> None:
    content = write(tmp_path_factory.mktemp("torn") / "j", 3, 4, noted=3)
    torn = content[: end(3) + kept] + bytes(len(content) - end(3) - kept)
    assert read(torn) == (3, {digest(number): value(number) for number in range(3)}, 3, [])


def test_an_entry_that_was_acknowledged_is_never_torn(tmp_path: Path) -> None:
    content = write(tmp_path / "j", 3, 4)
    for size in range(end(3), end(4)):
        for tail in (b"", bytes(len(content) - size)):
            (gap,) = read(content[:size] + tail).gaps
            assert (gap.offset, gap.number, gap.missing, gap.damage) == (end(3), 3, 1, True)


def test_an_entry_with_others_behind_it_is_never_torn(tmp_path: Path) -> None:
    content = bytearray(write(tmp_path / "j", 3, 4, noted=0))
    content[end(2) - 1] ^= 1
    reading = read(bytes(content))
    assert (reading.entries, digest(1) in reading.values) == (3, False)
    (gap,) = reading.gaps
    assert (gap.offset, gap.number, gap.missing, gap.damage) == (end(1), 1, 1, True)
    assert str(gap) == f"at offset {end(1)}, entry 1: an entry with a wrong checksum or number"


@given(position=st.integers(ENTRIES, end(3) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_told_or_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, position: int, bit: int
) -> None:
    content = bytearray(write(tmp_path_factory.mktemp("flip") / "j", 3, 3))
    whole = read(bytes(content))
    content[position] ^= 1 << bit
    reading = read(bytes(content))
    if reading != whole:
        assert any(gap.damage and gap.offset <= position for gap in reading.gaps)
        assert reading.values.items() <= whole.values.items()


def test_swapped_and_doubled_entries_are_told(tmp_path: Path) -> None:
    content = write(tmp_path / "j", 3, 4)
    first, second = content[end(1) : end(2)], content[end(2) : end(3)]
    for middle in (second + first, first + first, second + second):
        reading = read(content[: end(1)] + middle + content[end(3) :])
        assert any(gap.damage for gap in reading.gaps)
        assert all(each == value(key[0]) for key, each in reading.values.items())


def test_a_flipped_bit_in_the_head_is_healed(tmp_path: Path) -> None:
    content = write(tmp_path / "j", 3, 4)
    whole = read(content)
    for position in range(512):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        assert read(bytes(damaged)) == whole


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "ends after 0 bytes"),
        (bytes(8192), "zeros"),
        (b"x" * 8192, "not that of a journal"),
        (b"asudf journal 2\n" + b"x" * 8192, "damaged"),
    ],
)
def test_what_is_no_journal_is_told(content: bytes, found: str) -> None:
    with pytest.raises(JournalHeaderError, match=found):
        entries.parse_head(content)


def test_a_head_without_notes_is_told(tmp_path: Path) -> None:
    content = bytearray(write(tmp_path / "j", 3, 4))
    for place in NOTES:
        content[place] ^= 1
    with pytest.raises(JournalHeaderError, match="both notes"):
        entries.parse_head(bytes(content))


@given(st.binary(max_size=9000))
def test_garbage_is_no_journal(garbage: bytes) -> None:
    with pytest.raises(JournalHeaderError):
        entries.parse_head(garbage)


@given(st.binary(max_size=300), st.integers(0, 4))
def test_garbage_behind_the_entries_is_nothing(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes, count: int
) -> None:
    content = write(tmp_path_factory.mktemp("garbage") / "j", 3, count)
    reading = read(content[: end(count)] + garbage + content[end(count) + len(garbage) :])
    assert (reading.entries, reading.gaps) == (count, [])


@pytest.mark.usefixtures("another_boot")
def test_after_a_crash_of_the_machine_what_was_not_flushed_may_be_missing_in_any_order(
    tmp_path: Path,
) -> None:
    content = bytearray(write(tmp_path / "j", 3, 6, synced=2))
    content[end(2) : end(3)] = bytes(end(3) - end(2))
    content[end(5) : end(6)] = bytes(end(6) - end(5))
    reading = read(bytes(content))
    assert sorted(reading.values) == [digest(number) for number in (0, 1, 3, 4)]
    assert [(gap.number, gap.missing, gap.damage) for gap in reading.gaps] == [(2, 1, False), (5, 1, False)]


@pytest.mark.usefixtures("another_boot")
def test_after_a_crash_of_the_machine_what_was_flushed_must_be_there(tmp_path: Path) -> None:
    content = write(tmp_path / "j", 3, 6, synced=4)
    for number in range(4):
        damaged = bytearray(content)
        damaged[end(number) + ENTRY.size] ^= 1
        assert [gap.damage for gap in read(bytes(damaged)).gaps] == [True]
    (gap,) = read(content[: end(2)] + bytes(len(content) - end(2))).gaps
    assert (gap.number, gap.missing, gap.damage) == (2, 4, True)
    assert str(gap).endswith("entries 2 to 5: zeros")


def test_a_note_is_never_taken_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.begin(3, IDENTITY)
    for number in range(4):
        journal.append(digest(number), value(number))
    journal.note_closed()
    journal.note_synced(end(2), 2)  # of a flush that began before
    journal.close()
    note = entries.parse_head((tmp_path / "j").read_bytes())[1]
    assert note == (end(4), 4, end(2), 2, True)


def test_a_journal_that_grew_gives_its_room_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.begin(3, IDENTITY)
    for number in range(3):
        journal.append(digest(number), bytes(60_000))
    assert (tmp_path / "j").stat().st_size > 1 << 16
    assert read((tmp_path / "j").read_bytes()).entries == 3
    journal.begin(4, IDENTITY)
    journal.append(digest(1), b"one")
    journal.close()
    assert (tmp_path / "j").stat().st_size == 1 << 16
    assert read((tmp_path / "j").read_bytes()).entries == 1


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j")
    journal.begin(3, IDENTITY)
    journal.append(digest(1), b"one")
    journal.note()
    pwrite = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, data, offset: pwrite(fd, data[: len(data) // 2], offset))
        with pytest.raises(OSError, match="No space left"):
            journal.append(digest(2), b"two")
    assert read((tmp_path / "j").read_bytes()) == (3, {digest(1): b"one"}, 1, [])
    journal.append(digest(3), b"three")
    journal.note()
    assert read((tmp_path / "j").read_bytes()) == (3, {digest(1): b"one", digest(3): b"three"}, 2, [])
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

    journal = Journal(tmp_path / "j")
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space left"):
        journal.begin(1, IDENTITY)
    journal.close()
