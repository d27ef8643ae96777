"""Files of the first format are read once and carried over, with everything that their journals have."""

from pathlib import Path
from struct import Struct
from typing import NamedTuple
from zlib import crc32

import lmdb
import pytest

from asinfo.wire.digest import partition
from asudfd.errors import StartError
from asudfd.record import journal
from asudfd.record.database import Database
from asudfd.record.journals import ExpectedJournals
from asudfd.record.record import pack
from tests.fakes.records import device, digest, make, make_and_close, new

IDENTITY = 0x01020304
_HEADER = Struct("!IQ20s")
_COUNT = Struct("!QQ")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROOM", 1 << 14)


class Write(NamedTuple):
    """A write in an old journal; no value is a removal."""

    number: int
    value: bytes


def entry(epoch: int, write: Write) -> bytes:
    body = _HEADER.pack(len(write.value), epoch, digest(write.number)) + write.value
    return crc32(body, IDENTITY).to_bytes(4, "big") + body


def old_files(path: Path, journals: dict[int, list[Write]], epoch: int = 5) -> None:
    """A file of the first format with records 0 to 9, up to ``epoch``, and journals of the epochs given."""
    sets: dict[bytes, tuple[int, int]] = {}
    with lmdb.open(str(path), 64 << 20, subdir=False, max_dbs=3) as environment:
        about, records, figures = (environment.open_db(name) for name in (b"about", b"records", b"sets"))
        with environment.begin(write=True) as transaction:
            for number in range(10):
                key, value = digest(number), pack(new(number))
                transaction.put(partition(key).to_bytes(2, "big") + key, value, db=records)
                name = new(number).set_name
                objects, size = sets.get(name, (0, 0))
                sets[name] = objects + 1, size + len(value)
            for name, counts in sets.items():
                transaction.put(b"=" + name, _COUNT.pack(*counts), db=figures)
            for word, said in (
                (b"format", b"asudf records 1"),
                (b"namespace", b"test"),
                (b"identity", IDENTITY.to_bytes(4, "big")),
                (b"epoch", epoch.to_bytes(8, "big")),
            ):
                transaction.put(word, said, db=about)
    for number, (its_epoch, writes) in enumerate(journals.items()):
        content = b"".join(entry(its_epoch, write) for write in writes)
        path.with_name(f"{path.name}.journal{number}").write_bytes(content.ljust(1 << 14, b"\0"))


def put(number: int, size: int = 30) -> Write:
    return Write(number, pack(new(number, size)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.dat"


def test_all_is_carried_over(path: Path) -> None:
    old_files(path, {7: [put(3, 40), put(20)], 6: [Write(1, b""), put(2), put(3)]})
    for _ in range(3):
        namespace = make(path)
        assert namespace.sets.objects == 10
        assert namespace.get(digest(0)) == new(0)
        assert namespace.get(digest(1)) is None
        assert namespace.get(digest(2)) == new(2, 30)
        assert namespace.get(digest(3)) == new(3, 40)
        assert namespace.get(digest(20)) == new(20, 30)
        device(namespace).close()
    database = Database(path, 64 << 20, b"test")
    assert database.state.expected is ExpectedJournals.OPEN
    assert database.state.epoch == 7
    database.close()


def test_entries_of_epochs_that_the_file_has_mean_nothing(path: Path) -> None:
    old_files(path, {4: [put(3, 40)], 5: [put(4, 40)]})
    namespace = make(path)
    assert namespace.get(digest(3)) == new(3)
    assert namespace.get(digest(4)) == new(4)
    device(namespace).close()


def test_a_torn_last_entry_is_nothing(path: Path) -> None:
    old_files(path, {6: [put(2), put(3)], 5: []})
    journal_path = path.with_name("test.dat.journal0")
    content = bytearray(journal_path.read_bytes())
    content[len(content.rstrip(b"\0")) - 1] ^= 1
    journal_path.write_bytes(content)
    namespace = make(path)
    assert namespace.get(digest(2)) == new(2, 30)
    assert namespace.get(digest(3)) == new(3)
    device(namespace).close()


@pytest.mark.parametrize("place", [0, 5, 10, 20, 50])
def test_an_entry_with_others_behind_it_is_damage(path: Path, place: int) -> None:
    old_files(path, {6: [put(2), put(3), put(4)], 5: []})
    journal_path = path.with_name("test.dat.journal0")
    content = bytearray(journal_path.read_bytes())
    content[place] ^= 1
    journal_path.write_bytes(content)
    file_before = path.read_bytes()
    with pytest.raises(StartError, match=r"journal0, at offset 0, entry 0: .*asudfd --recover"):
        make(path)
    assert journal_path.read_bytes() == content
    assert path.read_bytes() == file_before


def test_a_journal_that_is_gone_is_damage(path: Path) -> None:
    old_files(path, {6: [put(2)], 5: []})
    path.with_name("test.dat.journal0").unlink()
    with pytest.raises(StartError, match=r"journal0, at offset 0: the file is gone"):
        make(path)


def test_values_that_look_like_entries_do_not_stop_the_start(path: Path) -> None:
    mark = bytes(4) + (1 << 13).to_bytes(4, "big") + (6).to_bytes(8, "big")
    old_files(path, {6: [Write(2, pack(new(2)._replace(bins=mark * 200))), put(3)], 5: []})
    journal_path = path.with_name("test.dat.journal0")
    content = journal_path.read_bytes()
    end = len(content.rstrip(b"\0"))
    journal_path.write_bytes(content[: end - 3].ljust(len(content), b"\0"))
    assert make_and_close(path).objects == 10
