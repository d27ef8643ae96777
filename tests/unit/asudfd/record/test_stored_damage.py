"""A record whose bytes have changed in the file is never handed out: its reader gets an error, all others are served."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import lmdb
import pytest

from asinfo.wire.digest import PARTITIONS, partition
from asinfo.wire.result import Result
from asudfd.record import check
from asudfd.record.refused import RequestRefused
from asudfd.record.stored import MARK, DamagedError, seal, unseal
from tests.fakes.records import device, digest, fill, make, new


def change(path: Path, number: int, act: Callable[[bytes], bytes]) -> None:
    """Change what stands in the file for a record, behind the daemon's back."""
    key = partition(digest(number)).to_bytes(2, "big") + digest(number)
    with lmdb.open(str(path), subdir=False, max_dbs=3) as environment:
        records = environment.open_db(b"records")
        with environment.begin(write=True) as transaction:
            stored = bytes(transaction.get(key, b"", db=records))
            transaction.put(key, act(stored), db=records)


def flipped(stored: bytes, place: int) -> bytes:
    return stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]


def test_every_changed_bit_is_seen() -> None:
    value = b"\x00\x01" + bytes(range(40))
    sealed = seal(digest(1), value)
    assert unseal(digest(1), sealed, first_format=False) == value
    for place in range(len(sealed)):
        for bit in range(8):
            damaged = bytearray(sealed)
            damaged[place] ^= 1 << bit
            with pytest.raises(DamagedError):
                unseal(digest(1), bytes(damaged), first_format=False)
    for size in range(len(sealed)):
        with pytest.raises(DamagedError):
            unseal(digest(1), sealed[:size], first_format=False)
    with pytest.raises(DamagedError):
        unseal(digest(2), sealed, first_format=False)
    with pytest.raises(DamagedError):
        unseal(digest(1), value, first_format=False)
    assert unseal(digest(1), value, first_format=True) == value


@pytest.mark.parametrize(
    "act", [lambda stored: flipped(stored, 30), lambda stored: stored[:7], lambda _: b""]
)
def test_a_damaged_record_is_an_error_and_the_others_are_served(
    tmp_path: Path, act: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "test.dat"
    fill(path, 50)
    change(path, 7, act)
    assert check.main(str(path)) == 1
    said: list[str] = []
    namespace = make(path, said=said)
    for _ in range(3):
        for request in (namespace.get, namespace.delete):
            with pytest.raises(RequestRefused) as refused:
                request(digest(7))
            assert refused.value.code is Result.SERVER_ERROR
    with pytest.raises(RequestRefused):
        namespace.put(digest(7), new(7))
    assert [namespace.get(digest(number)) for number in range(50) if number != 7] == [
        new(number) for number in range(50) if number != 7
    ]
    with pytest.raises(RequestRefused):
        list(namespace.scan(partition(digest(7))))
    at_start, when_read = said
    assert "1 records are damaged or under a wrong digest, the first at" in at_start
    for told in said:
        assert digest(7).hex() in told
        assert "asudfd --recover" in told
    assert when_read != at_start
    device(namespace).close()


def test_a_record_under_a_wrong_digest_is_told_at_the_start(tmp_path: Path) -> None:
    """Nobody finds it, so nothing else would ever tell."""
    path = tmp_path / "test.dat"
    fill(path, 50)
    content = path.read_bytes()
    entry = digest(7) + MARK  # as it stands in its page, of which there may be older copies
    for bit in range(8):
        wrong = bytearray(entry)
        wrong[12] ^= 1 << bit
        damaged = content.replace(entry, wrong)
        path.write_bytes(damaged)
        said: list[str] = []
        namespace = make(path, said=said)
        assert namespace.get(digest(7)) is None
        assert len(said) == 1
        assert "1 records are damaged or under a wrong digest" in said[0]
        device(namespace).close()
        assert check.main(str(path)) == 1


def test_a_sweep_goes_past_a_damaged_record(tmp_path: Path) -> None:
    path = tmp_path / "test.dat"
    fill(path, 50)
    change(path, 7, lambda stored: flipped(stored, 30))

    async def run() -> None:
        namespace = make(path, said=[])
        namespace.truncation.mark(None, 10_000)  # which all of them are behind
        await namespace.sweeper.sweep()
        assert namespace.sets.objects == 1
        device(namespace).close()

    asyncio.run(run())


def test_nothing_is_attempted_on_closed_files(tmp_path: Path) -> None:
    async def run() -> None:
        namespace = make(tmp_path / "test.dat", commit_to_device=True)
        await namespace.start()
        namespace.put(digest(1), new(1))
        await namespace.stop()
        await namespace.stop()
        for act in (
            lambda: namespace.get(digest(1)),
            lambda: namespace.put(digest(1), new(1)),
            lambda: namespace.delete(digest(1)),
            lambda: list(namespace.scan(partition(digest(1)))),
            lambda: namespace.storage.digests(0),
        ):
            with pytest.raises(RequestRefused, match="is closed"):
                act()
        assert namespace.durable() is None

    asyncio.run(run())
    assert PARTITIONS == 4096
