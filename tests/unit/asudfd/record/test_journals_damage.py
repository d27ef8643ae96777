"""Whatever is done to the journals of a file: all that was acknowledged is there, or the start is refused and says where.

Never a start with less, and never a changed byte in what was refused.
"""

import asyncio
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from asudfd.errors import StartError
from asudfd.record import journal
from asudfd.record.database import Database
from asudfd.record.entries import ENTRIES, NOTES
from asudfd.record.journals import ExpectedJournals, JournalPair, examine
from tests.fakes.records import device, digest, make, make_and_close, new

FIRST, SECOND = range(12), range(6, 20)
"""Records of the epoch that was being committed, and of the one that was written meanwhile."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROOM", 1 << 14)


class Files(NamedTuple):
    """The files of a namespace whose process died, and what it had acknowledged."""

    path: Path
    contents: dict[Path, bytes]

    @property
    def journals(self) -> list[Path]:
        return [path for path in self.contents if ".journal" in path.name]

    def put_back(self) -> None:
        for path, content in self.contents.items():
            path.write_bytes(content)

    def start(self) -> str:
        """Start with what is there: an empty text when all is there, else how it was refused."""
        before = {path: path.read_bytes() for path in self.journals if path.exists()}
        try:
            namespace = make(self.path)
        except StartError as refused:
            said = str(refused)
        else:
            said = ""
        if said:
            assert {path: path.read_bytes() for path in self.journals if path.exists()} == before
            assert "asudfd --recover" in said
            assert re.search(r"at offset \d+", said)
            return said
        assert {number for number in range(40) if namespace.get(digest(number))} == {*FIRST, *SECOND}
        for number in {*FIRST, *SECOND}:
            assert namespace.get(digest(number)) == new(number, 7 if number in SECOND else 20)
        device(namespace).close()
        return ""


@pytest.fixture
def died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """A process that died while it brought an epoch to the file: both journals have something that the file has not."""

    def never(*_: object) -> None:
        raise OSError(5, "Input/output error")

    async def run() -> None:
        said: list[str] = []
        namespace = make(tmp_path / "test.dat", said=said, flush_max_ms=1000)
        await namespace.start()
        for number in FIRST:
            namespace.put(digest(number), new(number))
        with monkeypatch.context() as patch:
            patch.setattr(Database, "commit", never)
            device(namespace)._begin_commit()
            for number in SECOND:
                namespace.put(digest(number), new(number, 7))
            while not said:  # noqa: ASYNC110 - a warning is no event
                await asyncio.sleep(0.001)
        await namespace.sweeper.stop()
        device(namespace).close()

    asyncio.run(run())
    paths = sorted(path for path in tmp_path.iterdir() if not path.name.endswith("-lock"))
    return Files(tmp_path / "test.dat", {path: path.read_bytes() for path in paths})


def used(content: bytes) -> int:
    return len(content.rstrip(b"\0"))


def test_nothing_is_refused_and_nothing_lost_without_damage(died: Files) -> None:
    assert died.start() == ""
    assert died.start() == ""


def damages(content: bytes, other: bytes) -> Iterator[tuple[str, bytes]]:
    """A journal's content damaged in many ways."""
    end, chance = used(content), random.Random(7)
    yield "flipped in the head", flip(content, 20)
    for place in (ENTRIES, ENTRIES + 9, (ENTRIES + end) // 2, end - 1):
        yield f"flipped at {place}", flip(content, place)
        yield f"zeros from {place} on", content[:place] + bytes(len(content) - place)
        yield f"zeros for 100 bytes from {place} on", content[:place] + bytes(100) + content[place + 100 :]
        yield f"truncated to {place}", content[:place]
        yield f"torn out at {place}", content[:place] + content[place + 64 :]
    for size in (0, 1, 16, 512, ENTRIES - 1, end, len(content) - 1):
        yield f"truncated to {size}", content[:size]
    yield "zeros", bytes(len(content))
    yield "garbage", chance.randbytes(len(content))
    yield "garbage behind the head", content[:ENTRIES] + chance.randbytes(len(content) - ENTRIES)
    yield "the other journal", other
    yield "the head of the other journal", other[:ENTRIES] + content[ENTRIES:]
    yield "the entries of the other journal", content[:ENTRIES] + other[ENTRIES:]


def flip(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_any_damage_to_a_journal_is_told_or_changes_nothing(died: Files) -> None:
    refused = 0
    for path, other in (died.journals, died.journals[::-1]):
        for what, content in damages(died.contents[path], died.contents[other]):
            died.put_back()
            path.write_bytes(content)
            said = died.start()
            assert not said or path.name in said, what
            refused += bool(said)
        died.put_back()
        path.unlink()
        assert f"{path}, at offset 0: the file is gone" in died.start()
    assert refused > 50
    died.put_back()
    assert died.start() == ""


def test_a_bit_in_every_byte_of_both_journals_and_every_length(died: Files) -> None:
    database = Database(died.path, 64 << 20, b"test")
    state = database.state
    database.close()
    journals = {path: died.contents[path] for path in died.journals}

    def judged(damaged: dict[Path, bytes]) -> JournalPair:
        return examine(state, damaged)

    whole = judged(journals)
    assert [reading.entries for reading in whole.readings] == [len(FIRST), len(SECOND)]
    for path, content in journals.items():
        for place in [*range(512), *range(ENTRIES, used(content))]:
            damaged = bytearray(content)
            damaged[place] ^= 1 << place % 8
            found = judged({**journals, path: bytes(damaged)})
            assert found.damage or found == whole
        for size in range(used(content)):
            for tail in (b"", bytes(len(content) - size)):
                found = judged({**journals, path: content[:size] + tail})
                assert found.damage or found == whole


def test_a_journal_of_another_file_is_told(died: Files, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    path = tmp_path / "other" / "test.dat"
    make_and_close(path)
    foreign = path.with_name("test.dat.journal0").read_bytes()
    for each in died.journals:
        died.put_back()
        each.write_bytes(foreign)
        assert f"{each}, at offset 0: it is a journal of another file" in died.start()


def test_journals_and_a_file_of_another_time_are_told(died: Files) -> None:
    assert died.start() == ""  # which brings all to the file
    later = {path: path.read_bytes() for path in died.contents}
    for path in (died.path, *died.journals):
        for present, old in ((later, died.contents), (died.contents, later)):
            died_then = Files(died.path, {**present, path: old[path]})
            died_then.put_back()
            said = died_then.start()
            assert "not of the same time" in said or not said
            if path == died.path:
                assert said


@pytest.mark.parametrize("damage", [lambda _: None, lambda content: bytes(len(content))])
def test_after_a_clean_stop_the_journals_may_be_gone(
    tmp_path: Path, damage: Callable[[bytes], bytes | None]
) -> None:
    path = tmp_path / "test.dat"

    async def run() -> None:
        namespace = make(path)
        await namespace.start()
        for number in range(100):
            namespace.put(digest(number), new(number))
        await namespace.stop()

    asyncio.run(run())
    database = Database(path, 64 << 20, b"test")
    assert database.state.expected is ExpectedJournals.CLOSED
    database.close()
    for number in range(2):
        journal_path = path.with_name(f"test.dat.journal{number}")
        content = damage(journal_path.read_bytes())
        journal_path.unlink()
        if content is not None:
            journal_path.write_bytes(content)
    assert make_and_close(path).objects == 100
    assert make_and_close(path).objects == 100


def test_after_a_clean_stop_a_damaged_or_foreign_journal_is_still_refused(tmp_path: Path) -> None:
    path = tmp_path / "test.dat"

    async def run() -> None:
        namespace = make(path)
        await namespace.start()
        await namespace.stop()

    asyncio.run(run())
    journal_path = path.with_name("test.dat.journal0")
    content = journal_path.read_bytes()
    for damaged in (b"precious", content[:100], b"x" * len(content)):
        journal_path.write_bytes(damaged)
        with pytest.raises(StartError, match=r"journal0, at offset 0"):
            make(path)
        assert journal_path.read_bytes() == damaged
    journal_path.write_bytes(content)
    assert make_and_close(path).objects == 0


def test_both_notes_of_a_journal_lag_by_one_entry_at_most(died: Files) -> None:
    path = died.journals[1]
    for place in NOTES:
        died.put_back()
        path.write_bytes(flip(died.contents[path], place))
        assert died.start() == ""
