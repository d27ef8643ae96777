"""What a namespace allows and refuses, when records are gone, and what it counts."""

import asyncio
from typing import Any

import pytest

from asinfo.wire.digest import PARTITIONS, partition
from asinfo.wire.message import EPOCH, TTL_DEFAULT, TTL_MAX, TTL_NEVER, TTL_UNCHANGED
from asinfo.wire.result import Result
from asudfd.config import change, schema
from asudfd.record.memory import Memory
from asudfd.record.namespace import Namespace
from asudfd.record.record import GENERATION_MAX, Record
from asudfd.record.refused import RequestRefused
from asudfd.record.truncation import WHOLE

NOW = 500_000_000
"""The time of these tests, in seconds since 2010."""


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = float(NOW)
        monkeypatch.setattr("asudfd.clock.time_ns", lambda: int((self.seconds + EPOCH) * 10**9))
        monkeypatch.setattr("asudfd.record.ttl.time.time", lambda: self.seconds + EPOCH)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def make(total: int = 0, **values: Any) -> Namespace:
    return Namespace(schema.NamespaceConfig("test", **{"nsup_period": 120, **values}), Memory(total))


def digest(number: int) -> bytes:
    return number.to_bytes(20, "little")


def new(namespace: Namespace, set_name: bytes = b"demo", void_time: int = 0, bins: bytes = b"bins") -> Record:
    return Record(1, void_time, namespace.now(), set_name, b"", bins)


def refused(action: Any, *arguments: Any) -> Result:
    with pytest.raises(RequestRefused) as caught:
        action(*arguments)
    return caught.value.code


def test_write_read_change_delete() -> None:
    namespace = make()
    assert namespace.name == b"test"
    assert namespace.get(digest(1)) is None
    record = new(namespace)
    namespace.put(digest(1), record)
    assert namespace.get(digest(1)) == record
    longer = record._replace(generation=2, bins=b"longer bins")
    namespace.put(digest(1), longer)
    assert namespace.get(digest(1)) == longer
    assert namespace.sets.objects == namespace.sets[b"demo"].objects == 1
    assert namespace.sets.data_used_bytes == namespace.sets[b"demo"].data_used_bytes == 19 + 4 + 11
    assert namespace.durable() is None
    assert namespace.delete(digest(1))
    assert not namespace.delete(digest(1))
    assert namespace.get(digest(1)) is None
    assert (namespace.sets.objects, namespace.sets.data_used_bytes, namespace.sets[b"demo"].objects) == (
        0,
        0,
        0,
    )


def test_generations_wrap() -> None:
    namespace = make()
    record = new(namespace)
    after = [
        namespace.write(digest(1), old, TTL_DEFAULT, b"demo", b"", b"")[0]
        for old in (
            None,
            record._replace(generation=GENERATION_MAX - 1),
            record._replace(generation=GENERATION_MAX),
        )
    ]
    assert after == [1, GENERATION_MAX, 1]


def test_an_expired_record_is_gone_at_once(clock: Clock) -> None:
    namespace = make()
    namespace.put(digest(1), new(namespace, void_time=namespace.void_time(10, None, b"demo")))
    clock.seconds += 10.5
    assert namespace.get(digest(1))
    clock.seconds += 1
    assert namespace.get(digest(1)) is None
    assert namespace.sets.objects == 0


def test_an_expired_record_is_gone_even_if_the_disk_is_full(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bytes:
        raise RequestRefused(Result.OUT_OF_SPACE, "full")

    namespace = make()
    namespace.put(digest(1), new(namespace, void_time=NOW - 5))
    monkeypatch.setattr(Memory, "pop", full)
    assert namespace.get(digest(1)) is None
    assert list(namespace.scan(1)) == []
    monkeypatch.undo()
    clock.seconds = 0  # whatever the time
    namespace.put(digest(1), new(namespace))
    assert namespace.sets.objects == 1


@pytest.mark.parametrize(
    ("asked", "old", "expected"),
    [
        (0, None, 0),
        (0, NOW + 5, 0),
        (TTL_NEVER, None, 0),
        (TTL_NEVER, NOW + 5, 0),
        (TTL_UNCHANGED, None, 0),
        (TTL_UNCHANGED, NOW + 5, NOW + 5),
        (TTL_UNCHANGED, 0, 0),
        (1, None, NOW + 1),
        (TTL_MAX, NOW + 5, NOW + TTL_MAX),
        (3, NOW + 5, NOW + 3),
        (TTL_MAX + 1, None, Result.PARAMETER),
        (TTL_UNCHANGED - 1, None, Result.PARAMETER),
    ],
)
@pytest.mark.usefixtures("clock")
def test_times_to_live(asked: int, old: int | None, expected: int) -> None:
    namespace = make()
    record = None if old is None else Record(1, old, 0, b"demo", b"", b"")
    if isinstance(expected, Result):
        assert refused(namespace.void_time, asked, record, b"demo") is expected
    else:
        assert namespace.void_time(asked, record, b"demo") == expected


@pytest.mark.usefixtures("clock")
def test_the_default_time_to_live_is_that_of_the_set_or_of_the_namespace() -> None:
    namespace = make(
        default_ttl=100,
        sets={
            b"demo": schema.NamespaceSet("demo", default_ttl=7),
            b"ever": schema.NamespaceSet("ever", default_ttl=TTL_NEVER),
        },
    )
    assert namespace.void_time(0, None, b"demo") == NOW + 7
    assert namespace.void_time(0, None, b"other") == NOW + 100
    assert namespace.void_time(0, None, b"ever") == 0
    assert namespace.void_time(TTL_UNCHANGED, None, b"other") == NOW + 100
    assert namespace.void_time(TTL_NEVER, None, b"demo") == 0


@pytest.mark.usefixtures("clock")
def test_a_time_to_live_needs_somebody_who_removes_records() -> None:
    namespace = make(nsup_period=0)
    assert refused(namespace.void_time, 5, None, b"demo") is Result.FORBIDDEN
    assert namespace.void_time(0, None, b"demo") == 0
    namespace.config.allow_ttl_without_nsup = True
    assert namespace.void_time(5, None, b"demo") == NOW + 5


@pytest.mark.usefixtures("clock")
def test_reductions_of_a_time_to_live_may_be_ignored() -> None:
    namespace = make()
    long, for_ever = Record(1, NOW + 100, 0, b"", b"", b""), Record(1, 0, 0, b"", b"", b"")
    assert namespace.void_time(5, long, b"") == namespace.void_time(5, for_ever, b"") == NOW + 5
    assert namespace.void_time(200, long, b"") == NOW + 200
    assert namespace.counters["ttl_reductions_applied"] == 2
    namespace.config.apply_ttl_reductions = False
    assert namespace.void_time(5, long, b"") == NOW + 100
    assert namespace.void_time(5, for_ever, b"") == 0
    assert namespace.void_time(200, long, b"") == NOW + 200
    assert namespace.counters["ttl_reductions_ignored"] == 2


def test_a_record_may_be_too_big() -> None:
    namespace = make(max_record_size=100)
    namespace.put(digest(1), new(namespace, bins=b"x" * (100 - 23)))
    assert refused(namespace.put, digest(1), new(namespace, bins=b"x" * (101 - 23))) is Result.RECORD_TOO_BIG
    assert namespace.counters["fail_record_too_big"] == 1
    assert len((namespace.get(digest(1)) or new(namespace)).bins) == 100 - 23
    namespace.config.max_record_size = 0
    namespace.put(digest(1), new(namespace, bins=bytes(4 << 20)))
    assert refused(namespace.put, digest(1), new(namespace, bins=bytes(8 << 20))) is Result.RECORD_TOO_BIG


def test_writes_stop_when_the_room_is_used_up_and_go_on_after_deletes() -> None:
    namespace = make(1000)
    for number in range(7):
        namespace.put(digest(number), new(namespace, bins=b"x" * 77))
    assert namespace.stop_writes
    assert refused(namespace.put, digest(8), new(namespace)) is Result.OUT_OF_SPACE
    assert refused(namespace.put, digest(1), new(namespace)) is Result.OUT_OF_SPACE
    assert namespace.get(digest(1))
    assert namespace.delete(digest(1))
    namespace.put(digest(8), new(namespace))
    namespace.config.storage_engine.stop_writes_used_pct = 0
    namespace.config.storage_engine.stop_writes_avail_pct = 0
    for number in range(20):
        namespace.put(digest(number), new(namespace, bins=b"x" * 77))


def test_writes_stop_when_the_systems_memory_is_full() -> None:
    namespace = make()
    namespace.sweeper.system_memory_full = True
    assert refused(namespace.put, digest(1), new(namespace)) is Result.OUT_OF_SPACE


def test_sets_have_limits() -> None:
    namespace = make(
        sets={
            b"few": schema.NamespaceSet("few", stop_writes_count=2),
            b"small": schema.NamespaceSet("small", stop_writes_size=100),
        }
    )
    namespace.put(digest(1), new(namespace, b"few"))
    namespace.put(digest(2), new(namespace, b"few"))
    assert refused(namespace.put, digest(3), new(namespace, b"few")) is Result.OUT_OF_SPACE
    namespace.put(digest(4), new(namespace, b"small", bins=b"x" * 50))
    assert refused(namespace.put, digest(5), new(namespace, b"small", bins=b"x" * 50)) is Result.OUT_OF_SPACE
    namespace.put(digest(6), new(namespace, b"other", bins=b"x" * 5000))


def test_there_may_be_so_many_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asudfd.record.namespace.SETS_MAX", 2)
    assert change.SETS_MAX == 4095
    namespace = make()
    namespace.put(digest(1), new(namespace, b"one"))
    namespace.put(digest(2), new(namespace, b"two"))
    assert refused(namespace.put, digest(3), new(namespace, b"three")) is Result.PARAMETER
    namespace.put(digest(3), new(namespace, b"one"))


def test_writes_that_the_configuration_forbids() -> None:
    namespace = make(disallow_null_setname=True)
    assert refused(namespace.put, digest(1), new(namespace, b"")) is Result.PARAMETER
    namespace.put(digest(1), new(namespace))
    namespace.config.reject_non_xdr_writes = True
    assert refused(namespace.put, digest(1), new(namespace)) is Result.FORBIDDEN


def test_a_truncated_set_is_gone_at_once_and_takes_new_records(clock: Clock) -> None:
    namespace = make()
    namespace.put(digest(1), new(namespace, b"a"))
    namespace.put(digest(2), new(namespace, b"b"))
    namespace.truncation.mark(b"a", namespace.now())
    assert namespace.get(digest(1)) is None
    assert namespace.get(digest(2))
    assert namespace.sets[b"a"].objects == 0
    record = new(namespace, b"a")  # in the same millisecond
    assert record.last_update > namespace.truncation.marks[b"a"]
    namespace.put(digest(1), record)
    assert namespace.get(digest(1)) == record
    namespace.truncation.mark(WHOLE, namespace.now())
    assert namespace.get(digest(1)) is namespace.get(digest(2)) is None


def test_a_truncation_that_is_taken_back() -> None:
    namespace = make()
    namespace.put(digest(1), new(namespace, b"a"))
    namespace.truncation.mark(b"a", namespace.now())
    namespace.truncation.undo(b"a")
    namespace.truncation.undo(b"never")
    assert namespace.get(digest(1))
    assert not namespace.truncation.pending
    assert not namespace.truncation.marks


def test_a_scan_goes_in_the_order_of_digests_and_on_from_one() -> None:
    namespace = make()
    numbers = [7, 3, 5, 1]
    for number in numbers:
        namespace.put(bytes(2) + number.to_bytes(18, "big"), new(namespace, bins=b"%d" % number))
    namespace.put(b"\1" + bytes(19), new(namespace))
    found = [record.bins for _, record in namespace.scan(0)]
    assert found == [b"1", b"3", b"5", b"7"]
    assert [record.bins for _, record in namespace.scan(0, bytes(2) + (3).to_bytes(18, "big"))] == [
        b"5",
        b"7",
    ]
    assert sum(len(list(namespace.scan(number))) for number in range(PARTITIONS)) == 5
    scan = namespace.scan(0)
    next(scan)
    namespace.delete(bytes(2) + (3).to_bytes(18, "big"))
    assert [record.bins for _, record in scan] == [b"5", b"7"]
    assert partition(b"\1" + bytes(19)) == 1


def test_a_lock_is_held_for_a_namespace() -> None:
    async def run() -> None:
        namespace = make()
        async with namespace.hold(digest(1)):
            assert digest(1) in namespace.locks
            waiting = asyncio.create_task(hold(namespace))
            await asyncio.sleep(0)
            assert not waiting.done()
        await waiting
        assert digest(1) not in namespace.locks

    async def hold(namespace: Namespace) -> None:
        async with namespace.hold(digest(1)):
            pass

    asyncio.run(run())
