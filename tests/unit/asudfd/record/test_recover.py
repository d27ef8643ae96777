"""`--recover` keeps the damaged files, saves all that is whole of file and journals, and says what it could not."""

import asyncio
import io
import os
import signal
from pathlib import Path
from typing import Any

import lmdb
import pytest

from asinfo.wire.digest import partition
from asudfd.config import schema
from asudfd.errors import StartError
from asudfd.record import journal
from asudfd.record import salvage as salvage_module
from asudfd.record.entries import ENTRIES, JournalHeaderError, parse_head
from asudfd.record.journal import Journal
from asudfd.record.salvage import salvage
from asudfd.recover import recover
from asudfd.recovery_report import EXIT_LOST, EXIT_SAVED
from tests.fakes.records import device, digest, make, make_and_close, new, without_last_keys

FILED, WAITING = 2000, 50
"""Records in the file, and records that are only in a journal."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROOM", 1 << 16)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a namespace whose process died."""
    path = tmp_path / "test.dat"

    async def run() -> None:
        namespace = make(path)
        await namespace.start()
        for number in range(FILED):
            namespace.put(digest(number), new(number))
        await namespace.stop()
        namespace = make(path, flush_max_ms=1000)
        for number in range(FILED, FILED + WAITING):
            namespace.put(digest(number), new(number))
        device(namespace).close()

    asyncio.run(run())
    return path


def configured(path: Path) -> schema.Config:
    config = schema.Config()
    engine = schema.StorageEngine(kind="device", file=(path.name,), filesize=64 << 20)
    config.namespaces = [schema.NamespaceConfig("test", storage_engine=engine)]
    config.service.work_directory = str(path.parent)
    return config


def run(path: Path) -> tuple[int, str]:
    out = io.StringIO()
    return recover(configured(path), out), out.getvalue()


def the_journal(path: Path) -> Path:
    return max(
        (path.with_name(f"{path.name}.journal{number}") for number in range(2)),
        key=epoch_of,
    )


def epoch_of(journal: Path) -> int:
    try:
        return parse_head(journal.read_bytes())[0].epoch
    except JournalHeaderError:
        return 0


def kept(path: Path) -> list[str]:
    return sorted(each.name.partition(".damaged-")[0] for each in path.parent.glob("*.damaged-*"))


def test_nothing_is_done_where_nothing_is_damaged(path: Path) -> None:
    status, said = run(path)
    assert status == EXIT_SAVED
    assert f"whole, with {FILED} records; {WAITING} writes are in its journals" in said
    assert not kept(path)
    assert make_and_close(path).objects == FILED + WAITING
    assert run(path)[0] == EXIT_SAVED


def test_a_file_that_never_was_is_nothing_to_do(tmp_path: Path) -> None:
    assert run(tmp_path / "test.dat") == (
        EXIT_SAVED,
        f"namespace test, {tmp_path / 'test.dat'}\n  there is nothing\n",
    )


def test_one_entry_is_lost_and_the_others_are_saved(path: Path) -> None:
    damaged = bytearray(the_journal(path).read_bytes())
    damaged[ENTRIES + 50] ^= 1
    the_journal(path).write_bytes(damaged)
    with pytest.raises(StartError):
        make(path)
    status, said = run(path)
    assert status == EXIT_LOST
    assert said.count("lost: ") == 1
    assert f"{path.name}.journal0, at offset" in said or f"{path.name}.journal1, at offset" in said
    assert f"read: {WAITING - 1} writes of epoch" in said
    assert "saved: 683 records of the set set0" in said or "saved: 684 records of the set set0" in said
    assert kept(path) == ["test.dat.journal0", "test.dat.journal1"]
    assert make_and_close(path).objects == FILED + WAITING - 1


def test_what_is_kept_is_never_written_over(path: Path) -> None:
    for number in range(3):
        the_journal(path).write_bytes(b"%d" % number)
        assert run(path)[0] == EXIT_LOST
        make_and_close(path)
    contents = sorted(each.read_bytes()[:1] for each in path.parent.glob("*.damaged-*"))
    assert contents == sorted([b"0", b"1", b"2", b"a", b"a", b"a"])


def test_a_file_that_is_gone_is_made_of_its_journals(path: Path) -> None:
    path.unlink()
    status, said = run(path)
    assert status == EXIT_LOST
    assert "the file is gone" in said
    assert make_and_close(path).objects == WAITING


def test_a_file_in_which_a_record_is_damaged_is_rebuilt(path: Path) -> None:
    key = partition(digest(7)).to_bytes(2, "big") + digest(7)
    with lmdb.open(str(path), subdir=False, max_dbs=3) as environment:
        records = environment.open_db(b"records")
        with environment.begin(write=True) as transaction:
            transaction.put(key, bytes(transaction.get(key, b"", db=records))[:-1] + b"?", db=records)
    before = path.read_bytes()
    status, said = run(path)
    assert status == EXIT_LOST
    assert f"lost: the record {digest(7).hex()}" in said
    assert kept(path) == ["test.dat", "test.dat.journal0", "test.dat.journal1"]
    (damaged,) = path.parent.glob("test.dat.damaged-*")
    assert damaged.read_bytes() == before
    namespace = make(path)
    assert namespace.sets.objects == FILED + WAITING - 1
    assert namespace.get(digest(7)) is None
    for number in (8, FILED + 1):
        assert namespace.get(digest(number)) == new(number)
    device(namespace).close()
    assert run(path)[0] == EXIT_SAVED
    assert not list(path.parent.glob("*.recovered*"))


def test_a_damaged_record_that_a_journal_has_is_not_lost(path: Path) -> None:
    namespace = make(path, flush_max_ms=1000)

    async def again() -> None:
        namespace.put(digest(7), new(7, 5))
        device(namespace).close()

    asyncio.run(again())
    key = partition(digest(7)).to_bytes(2, "big") + digest(7)
    with lmdb.open(str(path), subdir=False, max_dbs=3) as environment:
        records = environment.open_db(b"records")
        with environment.begin(write=True) as transaction:
            transaction.put(key, b"?", db=records)
    with pytest.raises(StartError, match="asudfd --recover"):
        make(path)
    assert run(path)[0] == EXIT_SAVED
    namespace = make(path)
    assert namespace.get(digest(7)) == new(7, 5)
    assert namespace.sets.objects == FILED + WAITING
    device(namespace).close()


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_of_a_truncated_file_what_can_be_read_is_saved(path: Path, part: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part) // 4096 * 4096])
    with pytest.raises(StartError, match=r"a part of it is missing.*asudfd --recover"):
        make(path)
    status, said = run(path)
    assert status == EXIT_LOST
    assert "lost: in the file, " in said
    namespace = make(path)
    there = [number for number in range(FILED + WAITING) if namespace.get(digest(number)) == new(number)]
    assert len(there) == namespace.sets.objects >= WAITING
    device(namespace).close()


def test_garbage_in_the_pages_of_a_file_ends_no_recovery(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(8, len(content) // 4096, 9):
        content[page * 4096 : page * 4096 + 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    status, _ = run(path)
    assert status == EXIT_LOST
    namespace = make(path)
    assert all(namespace.get(digest(number)) in {None, new(number)} for number in range(FILED + WAITING))
    assert namespace.sets.objects >= WAITING
    device(namespace).close()


def test_a_file_of_another_namespace_is_left_alone(path: Path) -> None:
    config = configured(path)
    config.namespaces[0].name = "bar"
    before = path.read_bytes()
    out = io.StringIO()
    assert recover(config, out) == EXIT_LOST
    assert "belongs to the namespace test, and is left alone" in out.getvalue()
    assert path.read_bytes() == before
    assert not kept(path)


def test_the_files_of_all_nodes_of_a_process_are_recovered(path: Path) -> None:
    for each in path.parent.glob("test.dat*"):
        (path.parent / each.name.replace("test.dat", "test.dat-A2")).write_bytes(each.read_bytes())
    path.with_name("test.dat-A2").unlink()
    status, said = run(path)
    assert status == EXIT_LOST
    assert f"namespace test, {path}-A2\n  lost: the file is gone" in said
    assert make_and_close(path.with_name("test.dat-A2")).objects == WAITING
    assert make_and_close(path).objects == FILED + WAITING


def test_files_that_somebody_uses_are_left_alone(path: Path) -> None:
    used = Journal(the_journal(path))
    with pytest.raises(StartError, match="in use by another process"):
        run(path)
    used.close()


def test_a_reader_that_dies_is_followed_by_another(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deadly = {partition(digest(number)) for number in (3, 4, 1000)}
    read_partition = salvage_module._read_partition

    def read(cursor: lmdb.Cursor, number: int, *rest: Any, **values: Any) -> None:
        if number in deadly:
            os.kill(os.getpid(), signal.SIGKILL)  # as the system does it to who reads what is not there
        read_partition(cursor, number, *rest, **values)

    monkeypatch.setattr(salvage_module, "_read_partition", read)
    taken: list[bytes] = []
    found = salvage(path, lambda key, _: taken.append(key))
    assert sorted(taken) == sorted(
        digest(number) for number in range(FILED) if partition(digest(number)) not in deadly
    )
    assert found.broken == [f"partition {number}: reading it ended the reader" for number in sorted(deadly)]


def test_what_a_start_refuses_is_not_called_whole(path: Path) -> None:
    counted, wrong = (number.to_bytes(8, "little") for number in (FILED, FILED + 1))
    content = path.read_bytes()
    assert counted in content
    path.write_bytes(content.replace(counted, wrong))
    with pytest.raises(StartError, match="2000 of 2001 records"):
        make_and_close(path)
    status, text = run(path)
    assert status == EXIT_SAVED
    assert "every record in the file can be read" in text
    assert len(kept(path)) == 3
    assert make_and_close(path).objects == FILED + WAITING
    assert "kept: " not in run(path)[1]


def test_records_that_a_damaged_page_lacks_are_called_lost(path: Path) -> None:
    path.write_bytes(without_last_keys(path.read_bytes()))
    status, text = run(path)
    assert status == EXIT_LOST
    assert "records that the file counts and does not have" in text
    assert WAITING < make_and_close(path).objects < FILED + WAITING
