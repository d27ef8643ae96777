"""Queries over partitions and background queries: the wire specification, sections 4.6 to 4.9."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from asinfo.wire import expression as x
from asinfo.wire import message, msgpack, request
from asinfo.wire.digest import partition
from asinfo.wire.message import INFO3_LAST, INFO3_PARTITION_DONE, TTL_NEVER, TTL_UNCHANGED
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from asudfd.aerospike.info.queries import query_abort, query_abort_all, query_show
from asudfd.aerospike.info.request import Request
from asudfd.network.session import ClientSession
from asudfd.record.indexes import Index
from asudfd.record.ttl import now_seconds
from tests.fakes.world import World, gather

if TYPE_CHECKING:
    from asinfo.wire.message import Message

ALL = b"".join(number.to_bytes(2, "little") for number in range(4096))
RECORDS = 40


def body(
    *more: tuple[int, bytes],
    info1: int = 3,
    info2: int = 0,
    info3: int = INFO3_PARTITION_DONE,
    ops: Any = (),
    partitions: Any = ALL,
    set_name: bytes = b"demo",
) -> bytes:
    fields = [(0, b"test"), (1, set_name), (7, bytes(7) + b"\1"), *more]
    if partitions is not None:
        fields.append((11, partitions))
    return message.request(info1, info2, info3, ttl=0xFFFF_FFFF, fields=fields, ops=ops)


def between(name: bytes, low: int, high: int) -> bytes:
    """A range of integers, as field 22 has it."""
    bounds = b"".join(b"\0\0\0\x08" + each.to_bytes(8, "big", signed=True) for each in (low, high))
    return bytes((1, len(name))) + name + b"\1" + bounds


def ask(world: World, request_body: bytes) -> list[tuple[Message, list[message.Op]]]:
    """All messages of the reply, each with its ops."""
    return [
        (each, message.read_ops(reply, each[11], each[10])[0])
        for reply in world.bodies(request_body)
        for each in message.replies(reply)
    ]


def code(world: World, request_body: bytes) -> int:
    [(each, _)] = ask(world, request_body)
    return each[4]


@pytest.fixture
def stored(world: World) -> World:
    for number in range(RECORDS):
        world.ask(
            request.put(Key("test", "demo", number), {"n": number, "s": "x"}, Policy(send_key=number == 7))
        )
    world.ask(request.put(Key("test", "other", 1), {"n": 1}))
    world.ask(request.put(Key("test", "", 1), {"z": 1}))
    return world


def test_all_records_of_a_set_and_a_last_message(stored: World) -> None:
    *records, (last, _) = ask(stored, body())
    assert len(records) == RECORDS
    assert (last[2], last[4], last[9]) == (INFO3_LAST, 0, {})
    by_digest = {each[8]: (each, ops) for each, ops in records}
    each, ops = by_digest[Key("test", "demo", 7).digest]
    assert (each[4], each[5], each[6]) == (0, 1, 0)
    assert each[9] == {0: b"test", 4: Key("test", "demo", 7).digest, 1: b"demo", 2: b"\1" + bytes(7) + b"\7"}
    assert [(op, name) for op, _, name, _ in ops] == [(1, b"n"), (1, b"s")]
    assert stored.count("pi_query_long_basic_complete") == 1


def test_a_whole_namespace(stored: World) -> None:
    records = ask(stored, body(set_name=b""))[:-1]
    assert len(records) == RECORDS + 2
    assert any(1 not in each[9] for each, _ in records)  # a record without a set says none


def test_selected_bins(stored: World) -> None:
    records = ask(stored, body(info1=1, set_name=b"", ops=[message.op(1, 0, b"n")]))[:-1]
    assert len(records) == RECORDS + 1  # one record has no such bin
    assert all([name for _, _, name, _ in ops] == [b"n"] for _, ops in records)


def reads(code: int, name: bytes, command: Any) -> bytes:
    return message.op(code, 4, name, msgpack.pack(command))


NUMBER = [x.BIN, x.INTEGER, msgpack.Raw(b"n")]


def test_operations_that_read(stored: World) -> None:
    stored.ask(request.put(Key("test", "lists", 1), {"l": [5, 6], "n": 1}))
    todo = [reads(3, b"l", [16]), reads(7, b"r", [[x.ADD, NUMBER, 1], 0]), message.op(1, 0, b"n")]
    (_, ops), (last, _) = ask(stored, body(info1=1, set_name=b"lists", ops=todo))
    assert [(code, name, int.from_bytes(value, "big")) for code, _, name, value in ops] == [
        (1, b"l", 2), (1, b"r", 2), (1, b"n", 1)
    ]  # fmt: skip
    assert last[4] == Result.OK
    records = ask(stored, body(info1=1, ops=[reads(7, b"r", [[x.ADD, NUMBER, 1], 0])]))[:-1]
    assert sorted(int.from_bytes(ops[0][3], "big") for _, ops in records) == list(range(1, RECORDS + 1))
    assert len(ask(stored, body(info1=1, ops=[reads(3, b"none", [16])]))) == 1


def test_operations_that_fail_end_the_query(stored: World) -> None:
    unknown = reads(7, b"r", [[x.UNKNOWN], 0])
    assert code(stored, body(info1=1, ops=[unknown])) == Result.OP_NOT_APPLICABLE
    assert code(stored, body(info1=1, ops=[reads(7, b"r", [1])])) == Result.PARAMETER
    assert code(stored, body(info1=1, ops=[reads(3, b"s", [16])])) == Result.BIN_TYPE
    for changes in (reads(8, b"r", [1, 0]), reads(4, b"l", [1, 5])):
        assert code(stored, body(info1=1, ops=[changes])) == Result.UNSUPPORTED_FEATURE


def test_no_bins(stored: World) -> None:
    assert all(ops == [] for _, ops in ask(stored, body(info1=0x21)))


def test_an_unknown_set_has_no_records(stored: World) -> None:
    [(last, _)] = ask(stored, body(set_name=b"nope"))
    assert (last[2], last[4]) == (INFO3_LAST, 0)


def test_one_partition_in_the_order_of_digests(stored: World) -> None:
    keys = [Key("test", "demo", f"k{number}") for number in range(20_000)]
    same = [key for key in keys if partition(key.digest) == 77]
    for key in same:
        stored.ask(request.put(key, {"n": 1}))
    digests = [each[8] or b"" for each, _ in ask(stored, body(partitions=b"\x4d\0"))[:-1]]
    assert digests == sorted(digests)
    assert {key.digest for key in same} <= set(digests)
    middle = digests[len(digests) // 2]
    resumed = [each[8] for each, _ in ask(stored, body((12, middle), partitions=None))[:-1]]
    assert resumed == digests[len(digests) // 2 + 1 :]


def test_a_limit_of_records(stored: World) -> None:
    *records, (last, _) = ask(stored, body((13, (5).to_bytes(8, "big"))))
    assert (len(records), last[2]) == (5, INFO3_LAST)


def test_a_filter(stored: World) -> None:
    few = msgpack.pack([3, [81, 2, msgpack.Raw(b"n")], 29])  # n > 29
    assert len(ask(stored, body((43, few)))) == 11


def test_records_per_second(stored: World) -> None:
    begun = time.monotonic()
    assert len(ask(stored, body((10, (200).to_bytes(4, "big"))))) == RECORDS + 1
    assert time.monotonic() - begun >= 0.15
    assert code(stored, body((10, b"\1"))) == Result.PARAMETER


def test_many_records_come_in_pieces(stored: World) -> None:
    for number in range(60):
        stored.ask(request.put(Key("test", "big", number), {"data": b"x" * 10_000}))
    assert len(stored.bodies(body(set_name=b"big"))) > 3


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        (body(info3=0), Result.UNSUPPORTED_FEATURE),
        (body(partitions=None), Result.UNSUPPORTED_FEATURE),
        (body(partitions=b"\0\x10"), Result.PARAMETER),
        (body(partitions=b"\1\0\1\0"), Result.PARAMETER),
        (body(partitions=b"\1"), Result.PARAMETER),
        (body((12, bytes(19))), Result.PARAMETER),
        (body((12, bytes(20)), partitions=b"\0\0"), Result.PARAMETER),
        (body((22, b"\1")), Result.PARAMETER),
        (body((22, between(b"n", 1, 2))), Result.INDEX_NOT_FOUND),
        (body((43, b"\x90")), Result.PARAMETER),
        (body(ops=[message.op(5, 1, b"n", bytes(8))]), Result.UNSUPPORTED_FEATURE),
        (message.request(3, 0, 4, fields=[(0, b"none"), (11, ALL)]), Result.NAMESPACE),
        (message.request(3, 0, 4), Result.NAMESPACE),
        (b"\x16" + bytes(21), Result.NAMESPACE),
    ],
)
def test_refusals(stored: World, request_body: bytes, expected: Any) -> None:
    assert code(stored, request_body) == expected


class TestSeveralNodes:
    @pytest.fixture
    def cluster(self, make_world: Callable[..., World]) -> list[World]:
        worlds = {identity: make_world(2) for identity in ("A1", "A2")}
        for identity, world in worlds.items():
            world.become(identity)
            world.records.join({each: other.records.executor for each, other in worlds.items()})
        return list(worlds.values())

    def test_a_request_reaches_the_owner_from_everywhere(self, cluster: list[World]) -> None:
        keys = [Key("test", "demo", number) for number in range(64)]
        for number, key in enumerate(keys):
            assert cluster[number % 2].ask(request.put(key, {"n": number})).generation == 1
        held = [world.namespace.sets.objects for world in cluster]
        assert sum(held) == 64
        assert all(held)
        for world in cluster:
            assert all(world.ask(request.get(key)).bins == {"n": number} for number, key in enumerate(keys))
            assert world.count("client_proxy_complete") > 0
            rows = request.replies(
                world.bodies(request.batch([(key, request.get_row(key)) for key in keys]))[0]
            )
            assert [row.result for row in rows] == [0] * 65

    def test_a_node_answers_its_own_partitions(self, cluster: list[World]) -> None:
        for number in range(64):
            cluster[0].ask(request.put(Key("test", "demo", number), {"n": number}))
        found, refused = 0, []
        for world in cluster:
            for each, _ in ask(world, body())[:-1]:
                if each[4] == Result.PARTITION_UNAVAILABLE:
                    assert each[2] == INFO3_PARTITION_DONE
                    refused.append(each[5])
                else:
                    found += 1
        assert found == 64
        assert sorted(refused) == list(range(4096))  # every partition once, by the node that does not own it


class TestBackground:
    def start(
        self,
        world: World,
        *more: tuple[int, bytes],
        ops: Any = (),
        set_name: bytes = b"demo",
        info1: int = 0,
        info2: int = 1,
        ttl: int = 0,
    ) -> Message:
        """Starts a job, waits for its end; the reply, and the job's line."""

        async def dialogue() -> Any:
            answer = await gather(
                world.records.respond(
                    message.request(
                        info1,
                        info2,
                        fields=[(0, b"test"), (1, set_name), (7, bytes(7) + b"\x2a"), (9, bytes(4)), *more],
                        ops=ops,
                        ttl=ttl,
                    )
                )
            )
            for job in tuple(world.node.jobs.values()):
                await job.wait()
            return answer

        [reply] = asyncio.run(dialogue())
        return message.replies(reply)[0]

    def show(self, world: World, parameters: bytes = b"id=42") -> dict[str, str]:
        line = query_show(world.node, Request(b"query-show", parameters, ClientSession())).decode()
        return dict(figure.split("=", 1) for figure in line.split(":"))

    UDF = ((33, b"\2"), (30, b"mod"), (31, b"fun"), (32, b"\x90"))

    @pytest.mark.parametrize(("info1", "info2"), [(0, 1), (1, 0)])  # the C and the Rust client
    def test_a_udf_on_every_record(self, stored: World, info1: int, info2: int) -> None:
        stored.host.applied = (0, 0, b"", 1, message.op(1, 1, b"n", bytes(8)), None, False, None, False)
        answer = self.start(stored, *self.UDF, info1=info1, info2=info2)
        assert (answer[2], answer[4]) == (INFO3_LAST, 0)
        shown = self.show(stored)
        assert (shown["status"], shown["job-progress"], shown["recs-succeeded"]) == (
            "done(ok)",
            "100.00",
            "40",
        )
        assert (shown["job-type"], shown["udf-filename"], shown["udf-function"]) == (
            "background-udf",
            "mod",
            "fun",
        )
        assert (shown["ns"], shown["set"], shown["trid"]) == ("test", "demo", "42")
        assert stored.count("udf_sub_udf_complete") == RECORDS
        assert stored.count("pi_query_udf_bg_complete") == 1
        assert stored.ask(request.get(Key("test", "demo", 3))).bins == {"n": 0}
        assert stored.ask(request.get(Key("test", "other", 1))).bins == {"n": 1}

    @pytest.mark.parametrize(("ttl", "left"), [(5000, 5000), (0, 0), (TTL_NEVER, 0), (TTL_UNCHANGED, 900)])
    def test_its_time_to_live_is_that_of_every_write(self, stored: World, ttl: int, left: int) -> None:
        key = Key("test", "demo", 3)
        stored.namespace.config.nsup_period = 120
        stored.ask(request.put(key, {"n": 3}, Policy(ttl=900)))
        stored.host.applied = (0, 0, b"", 1, message.op(1, 1, b"n", bytes(8)), None, False, None, False)
        self.start(stored, *self.UDF, ttl=ttl)
        record = stored.record(key.digest)
        assert record.generation == 3
        assert (left - 60 <= record.void_time - now_seconds() <= left) if left else not record.void_time

    def test_no_index_no_name(self, stored: World) -> None:
        self.start(stored, *self.UDF)
        assert "sindex-name" not in self.show(stored)

    @pytest.mark.parametrize("named", [(), ((21, b"by_n"),)])
    def test_it_tells_the_index_it_goes_by(self, stored: World, named: tuple[tuple[int, bytes], ...]) -> None:
        stored.namespace.indexes[b"by_n"] = Index("demo", "n", "numeric", "default")
        bound = bytes.fromhex("00000008") + (3).to_bytes(8, "big")
        self.start(stored, *self.UDF, (22, b"\1\1n\1" + bound + bound), *named)
        shown = self.show(stored)
        assert (shown["sindex-name"], shown["recs-throttled"]) == ("by_n", "1")

    def test_operations_tell_whether_they_are_active(self, stored: World) -> None:
        self.start(stored, ops=[message.op(5, 1, b"n", bytes(8))])
        shown = self.show(stored)
        assert (shown["ops-active"], shown["recs-succeeded"]) == ("0", "40")
        assert "udf-active" not in shown

    def test_failures_do_not_end_it(self, stored: World) -> None:
        stored.host.slow = True
        stored.host.applied = (100, 3, b"no", 0, b"", None, False, None, False)
        self.start(stored, *self.UDF)
        assert self.show(stored)["recs-failed"] == "40"

    def test_a_filter_leaves_records_out(self, stored: World) -> None:
        few = msgpack.pack([3, [81, 2, msgpack.Raw(b"n")], 29])  # n > 29
        self.start(stored, *self.UDF, (43, few))
        shown = self.show(stored)
        assert (shown["recs-succeeded"], shown["recs-filtered-bins"], shown["recs-failed"]) == (
            "10",
            "30",
            "0",
        )
        assert stored.count("udf_sub_udf_filtered_out") == 30

    def test_the_client_s_address(self, stored: World) -> None:
        session = ClientSession()
        session.address = "127.0.0.1+4711"
        fields = [(0, b"test"), (7, b"\x2a"), *self.UDF]

        async def dialogue() -> None:
            stored.records.respond(message.request(0, 1, fields=fields), session)
            await stored.node.jobs[42].wait()

        asyncio.run(dialogue())
        assert self.show(stored)["from"] == "127.0.0.1+4711"

    def test_records_per_second(self, stored: World) -> None:
        begun = time.monotonic()
        self.start(stored, (10, (200).to_bytes(4, "big")), *self.UDF)
        assert time.monotonic() - begun >= 0.15  # 40 records
        shown = self.show(stored)
        assert (shown["rps"], shown["recs-throttled"], shown["recs-succeeded"]) == ("200", "40", "40")

    def test_the_limit_of_records_per_second_is_the_configuration_s(self, stored: World) -> None:
        assert self.start(stored, (10, (10_001).to_bytes(4, "big")), *self.UDF)[4] == Result.PARAMETER
        assert self.start(stored, (10, b"\1"), *self.UDF)[4] == Result.PARAMETER
        stored.namespace.config.background_query_max_rps = 5000
        self.start(stored, *self.UDF)
        assert self.show(stored)["rps"] == "5000"

    def test_operations_on_every_record(self, stored: World) -> None:
        self.start(stored, ops=[message.op(5, 1, b"n", bytes(7) + b"\x0a")])
        assert stored.ask(request.get(Key("test", "demo", 3), ["n"])).bins == {"n": 13}
        assert self.show(stored)["job-type"] == "background-ops"
        assert stored.count("ops_sub_write_success") == RECORDS

    def test_refusals(self, stored: World) -> None:
        assert self.start(stored, set_name=b"nope", ops=[message.op(5, 1, b"n", bytes(8))])[2:5] == (0, 0, 2)
        assert self.start(stored)[4] == Result.PARAMETER
        self.start(stored, *self.UDF)
        assert self.start(stored, *self.UDF)[4] == Result.PARAMETER  # this id is still remembered
        stored.node.config.service.disable_udf_execution = True
        assert self.start(stored, *self.UDF)[4] == Result.FORBIDDEN

    def test_only_the_last_jobs_are_remembered(self, stored: World) -> None:
        stored.node.config.service.query_max_done = 2
        for number in range(5):
            self.start(stored, (7, bytes([number + 1])), *self.UDF)
        assert list(stored.node.jobs) == [4, 5]

    def test_an_abort(self, stored: World) -> None:
        async def dialogue() -> Any:
            fields = [(0, b"test"), (7, b"\x2a"), *self.UDF]
            stored.host.slow, stored.host.release = True, asyncio.Event()
            stored.host.applied = (0, 0, b"", 0, b"", None, False, None, False)
            stored.records.respond(message.request(0, 1, fields=fields))
            await asyncio.sleep(0)
            active = self.show(stored)
            assert query_abort(stored.node, Request(b"query-abort", b"id=42", ClientSession())) == b"ok"
            assert query_abort_all(stored.node, Request(b"query-abort-all", b"", ClientSession())).endswith(
                b":1"
            )
            stored.host.release.set()
            await stored.node.jobs.stop()
            return active

        assert asyncio.run(dialogue())["status"] == "active(ok)"
        shown = self.show(stored)
        assert (shown["status"], shown["job-progress"] < "100") == ("done(user-aborted)", True)
        assert stored.count("pi_query_udf_bg_abort") == 1
