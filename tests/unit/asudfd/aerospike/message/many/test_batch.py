"""Batches: the wire specification, section 4.10."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from asinfo.wire import batch, message, request
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.lua.aerospike.udf_result import UdfResult
from asudfd.network.session import ClientSession
from tests.fakes.world import World, gather

NOTHING_THERE = Key("test", "demo", "none")


def key(number: int) -> Key:
    return Key("test", "demo", number)


def ask(world: World, rows: Any, flags: int = batch.RESPOND_ALL) -> Any:
    bodies = world.bodies(request.batch(rows, flags=flags))
    return [reply for body in bodies for reply in request.replies(body)]


@pytest.fixture
def stored(world: World) -> World:
    for number in range(3):
        world.ask(request.put(key(number), {"n": number}))
    return world


def test_rows_carry_their_number_and_the_last_message_the_result(stored: World) -> None:
    rows = [
        (key(0), request.get_row(key(0))),
        (NOTHING_THERE, request.get_row(key(0))),
        (key(2), request.exists_row(key(2))),
        (key(1), request.get_row(key(1), ["nope"])),
    ]
    *answers, last = ask(stored, rows)
    assert [(each.row, each.result, each.last) for each in answers] == [
        (0, 0, False),
        (1, 2, False),
        (2, 0, False),
        (3, 0, False),
    ]
    assert (answers[0].bins, answers[2].bins, answers[3].bins) == ({"n": 0}, {}, {})
    assert (last.last, last.result, last.ops) == (True, 0, [])
    assert stored.count("batch_sub_read_success") == 3
    assert stored.count("batch_sub_read_not_found") == 1


def test_writes_answer_their_operations(stored: World) -> None:
    put, gone = ask(
        stored, [(key(5), request.put_row(key(5), {"a": 1})), (key(0), request.remove_row(key(0)))]
    )[:2]
    assert (put.result, put.generation, put.ops) == (0, 1, [(2, 0, b"a", b"")])
    assert (gone.result, gone.generation) == (0, 0)
    assert stored.ask(request.get(key(0))).result == Result.NOT_FOUND


def test_udf_rows(stored: World) -> None:
    stored.host.applied = (100, 3, b"no", 0, b"", None, False, None, False)
    rows = [(key(number), request.apply_row(key(number), "mod", "fun", [1])) for number in range(2)]
    *answers, last = ask(stored, rows)
    assert [(each.result, each.bins) for each in answers] == [(100, {"FAILURE": "no"})] * 2
    assert last.result == 0
    assert stored.count("batch_sub_udf_error") == stored.count("batch_sub_lang_error") == 2


def test_udf_rows_in_threads(stored: World) -> None:
    stored.host.slow = True
    stored.host.applied = (0, 1, bytes(8), 0, b"", None, False, None, False)
    rows = [(key(number), request.apply_row(key(number), "mod", "fun")) for number in range(3)]
    assert [each.result for each in ask(stored, rows)] == [0, 0, 0, 0]
    assert stored.host.threads == 3


@pytest.mark.parametrize(
    ("flags", "shown"),
    [(0, []), (batch.RESPOND_FAILED, [0, 100, 0]), (batch.RESPOND_ALL, [0, 100, 0])],
)
def test_every_row_is_done_and_the_flags_say_what_is_shown_of_a_failure(
    stored: World, flags: int, shown: Any
) -> None:
    stored.host.applied = (100, 3, b"no", 0, b"", None, False, None, False)
    rows = [
        (key(0), request.put_row(key(0), {"n": 7})),
        (key(1), request.apply_row(key(1), "mod", "fun")),
        (key(2), request.put_row(key(2), {"n": 8})),
    ]
    *answers, last = ask(stored, rows, flags)
    assert [each.result for each in answers] == shown
    assert last.result == (0 if flags == batch.RESPOND_ALL else 100)
    assert [stored.ask(request.get(key(number))).bins["n"] for number in (0, 2)] == [7, 8]


def test_rows_that_have_been_sent_before_a_failure_stay_sent(stored: World) -> None:
    stored.host.applied = (100, 3, b"no", 0, b"", None, False, None, False)
    for number in range(3):
        stored.ask(request.put(key(number), {"data": b"x" * 200_000}))
    rows = [(key(number), request.get_row(key(number))) for number in range(3)]
    rows.insert(2, (key(5), request.apply_row(key(5), "mod", "fun")))
    assert [each.result for each in ask(stored, rows, 0)] == [0, 0, 100]


OLD = (message.INFO1_READ | message.INFO1_GET_ALL, message.INFO1_READ | message.INFO1_NO_BINS)
FIELDS = [(message.FIELD_NAMESPACE, b"test"), (message.FIELD_SET, b"demo")]


def old(*rows: bytes, flags: int = batch.RESPOND_ALL) -> bytes:
    return batch.pack(((key(number).digest, row) for number, row in enumerate(rows)), flags)


def test_rows_in_the_old_form_read(stored: World) -> None:
    whole, exists = (batch.old_attributes(info1, fields=FIELDS) for info1 in OLD)
    new = request.put_row(key(3), {"n": 9})
    bodies = stored.bodies(batch_of(old(whole, whole, exists, new)))
    *answers, last = [each for body in bodies for each in request.replies(body)]
    assert [(each.result, bool(each.bins)) for each in answers] == [
        (0, True),
        (0, True),
        (0, False),
        (0, True),
    ]
    assert last.result == 0
    assert stored.ask(request.get(key(3))).bins["n"] == 9


@pytest.mark.parametrize(
    "code", [message.OP_WRITE, message.OP_CDT_MODIFY, message.OP_TOUCH, message.OP_DELETE]
)
def test_a_row_in_the_old_form_cannot_write(stored: World, code: int) -> None:
    row = batch.old_attributes(1, fields=FIELDS, ops=[message.op(code, 1, b"n", bytes(8))])
    assert last_only(stored, batch_of(old(batch.old_attributes(3, fields=FIELDS), row))) == Result.PARAMETER


@pytest.mark.parametrize("kind", [0x04, 0x08, 0x0C, 0x10, 0x20, 0x40, 0x80])
def test_a_kind_without_flags_of_its_own_is_none(stored: World, kind: int) -> None:
    row = bytes([kind]) + batch.old_attributes(3, fields=FIELDS)[1:] + bytes(8)
    assert last_only(stored, batch_of(old(row))) == Result.PARAMETER


@pytest.mark.parametrize("more", [1, 13, 5000])
def test_a_last_field_that_says_too_much_is_taken(stored: World, more: int) -> None:
    body = batch_of(old(batch.old_attributes(3, fields=FIELDS)))
    size = int.from_bytes(body[22:26], "big") + more
    bodies = stored.bodies(body[:22] + size.to_bytes(4, "big") + body[26:])
    assert [each.result for body in bodies for each in request.replies(body)] == [0, 0]


@pytest.mark.parametrize(("more", "results"), [(1, [0, 0]), (13, [4]), (5000, [4])])
def test_a_field_may_take_bytes_of_the_next_one_while_that_has_a_head(
    stored: World, more: int, results: list[int]
) -> None:
    row = old(batch.old_attributes(3, fields=FIELDS))
    wanted = bytes.fromhex("9301935102a16101")
    body = message.request(
        message.INFO1_BATCH, fields=[(message.FIELD_BATCH, row), (message.FIELD_FILTER, wanted)]
    )
    size = int.from_bytes(body[22:26], "big") + more
    bodies = stored.bodies(body[:22] + size.to_bytes(4, "big") + body[26:])
    assert [each.result for body in bodies for each in request.replies(body)] == results


def test_every_error_reply_to_a_batch_is_marked_as_the_last(stored: World) -> None:
    rows = batch_of(old(batch.old_attributes(3, fields=FIELDS)))
    for body in (rows[:19] + b"\2" + rows[20:], rows[:24], rows[:2], rows[:18] + b"\xff\xff" + rows[20:]):
        [reply] = request.replies(stored.bodies(body)[0])
        assert (reply.last, reply.result) == (True, Result.PARAMETER)


def test_records_that_are_not_there_are_no_error(stored: World) -> None:
    rows = [(NOTHING_THERE, request.get_row(key(0))), (key(1), request.get_row(key(1)))]
    assert [each.result for each in ask(stored, rows, 0)] == [2, 0, 0]


def last_only(world: World, body: bytes) -> int:
    [reply] = request.replies(world.bodies(body)[0])
    assert reply.last
    return reply.result


def test_an_unknown_namespace_ends_the_whole_batch(stored: World) -> None:
    elsewhere = Key("none", "demo", 1)
    rows = [(key(0), request.get_row(key(0))), (elsewhere, request.get_row(elsewhere))]
    assert last_only(stored, request.batch(rows)) == Result.PARAMETER


@pytest.mark.parametrize("data", [None, b"", bytes(5), b"\0\0\0\1\4", b"\0\0\0\2\4" + bytes(25)])
def test_bad_rows(world: World, data: Any) -> None:
    fields = [] if data is None else [(message.FIELD_BATCH, data)]
    assert last_only(world, message.request(message.INFO1_BATCH, fields=fields)) == Result.PARAMETER


def test_the_number_of_rows_may_be_limited(world: World) -> None:
    world.node.config.service.batch_max_requests = 1
    rows = [(key(number), request.get_row(key(number))) for number in range(2)]
    assert last_only(world, request.batch(rows)) == Result.BATCH_MAX_REQUESTS


def test_rows_are_counted_before_they_are_read(world: World) -> None:
    world.node.config.service.batch_max_requests = 4
    assert (
        last_only(world, batch_of(b"\0\0\0\x05" + bytes(200))) == Result.BATCH_MAX_REQUESTS
    )  # rows of nothing
    assert last_only(world, batch_of(b"\0\0\0\x04" + bytes(200))) == Result.PARAMETER
    assert last_only(world, batch_of(b"\xff\xff\xff\xff" + bytes(200))) == Result.PARAMETER


def test_a_wrong_row_ends_the_batch_before_any_is_answered(world: World) -> None:
    rows = batch.pack([(key(number).digest, request.put_row(key(number), {"n": 1})) for number in range(300)])
    assert last_only(world, batch_of(rows[:-1])) == Result.PARAMETER
    assert world.namespace.get(key(0).digest) is None


def test_rows_are_read_in_short_turns(world: World) -> None:
    rows = [(key(1), request.get_row(key(1)))] * 30_000
    body = request.batch(rows, limit=60_000)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def dialogue() -> int:
        counting = asyncio.ensure_future(count())
        answer = world.records.respond(body)
        assert turns == 0  # nothing is read before somebody wants the reply
        bodies = await gather(answer)
        counting.cancel()
        return sum(len(request.replies(each)) for each in bodies)

    assert asyncio.run(dialogue()) == 30_001
    assert turns >= 30


def batch_of(data: bytes) -> bytes:
    return message.request(message.INFO1_BATCH, fields=[(message.FIELD_BATCH, data)])


def test_a_large_batch_comes_in_pieces_and_lets_others_in_between(world: World) -> None:
    rows = []
    for number in range(60):
        world.ask(request.put(key(number), {"data": b"x" * 10_000}))
        rows.append((key(number), request.get_row(key(number))))
    bodies = world.bodies(request.batch(rows))
    assert len(bodies) > 3
    assert all(len(body) < 200_000 for body in bodies)
    assert len([reply for body in bodies for reply in request.replies(body)]) == 61


class Disk:
    """A storage engine's promise that writes are durable; ``code`` is what becomes of them."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.asked = 0

    def __call__(self) -> Any:
        self.asked += 1
        return self.wait()

    async def wait(self) -> int:
        await asyncio.sleep(0)
        return self.code


@pytest.mark.parametrize("code", [0, Result.DEVICE_OVERLOAD])
def test_writes_wait_for_the_disk_once(world: World, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(code)
    monkeypatch.setattr(type(world.namespace.storage), "durable", lambda _: disk())
    world.namespace.in_memory = False  # nobody would ask
    monkeypatch.setattr(
        "asudfd.aerospike.message.many.batch.PIECE_SECONDS", 60
    )  # on a busy machine too it is one piece
    rows = [(key(number), request.put_row(key(number), {"n": 1})) for number in range(9)]
    bodies = asyncio.run(gather(world.records.respond(request.batch(rows))))
    assert request.replies(bodies[-1])[-1].result == code
    assert disk.asked == 1
    single = asyncio.run(gather(world.records.respond(request.put(key(1), {"n": 2}))))
    assert request.reply(single[0]).result == code
    assert isinstance(world.records.respond(request.get(key(1))), bytes)


LATE = (100, 3, b"late", 0, b"", None, False, None, False)


def test_the_time_limit_is_the_whole_batch_s(stored: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stored.host.slow = True
    given: list[float] = []

    async def run(*call: Any) -> Any:
        given.append(call[-1])
        await asyncio.sleep(0.1 if len(given) == 1 else call[-1])
        return LATE

    monkeypatch.setattr(stored.host, "run", run)
    rows = [(key(number), request.apply_row(key(number), "mod", "fun")) for number in range(4)]
    rows.append((key(0), request.get_row(key(0))))
    bodies = stored.bodies(request.batch(rows, limit=200))
    results = [reply.result for body in bodies for reply in request.replies(body)]
    assert results[:2] == [100, 100]
    assert results[3:] == [9, 9, 0]  # a millisecond may be left for the third
    assert given[0] <= 0.2
    assert given[1] <= 0.1
    assert stored.count("batch_sub_tsvc_timeout") >= 2
    assert len(bodies) > 1  # a piece does not wait long for more rows


def test_a_batch_that_shows_no_rows_after_an_error_shows_none_at_its_time_limit(
    stored: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.host.slow = True

    async def run(*call: Any) -> Any:
        await asyncio.sleep(call[-1] + 0.01)
        return UdfResult(0, 1, bytes(8), 0, b"", None, drop_key=False, detail=None, state=0)

    monkeypatch.setattr(stored.host, "run", run)
    rows = [(key(number), request.apply_row(key(number), "mod", "fun")) for number in range(2)]
    bodies = stored.bodies(request.batch(rows, flags=0, limit=20))
    assert [reply.result for body in bodies for reply in request.replies(body)] == [9]
    assert stored.node.counters.batch_timeouts == 1


def test_a_batch_ends_with_its_client(stored: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stored.host.slow = True
    session = ClientSession()
    run = stored.host.run

    async def leave(*call: Any) -> Any:
        session.gone = True
        return await run(*call)

    monkeypatch.setattr(stored.host, "run", leave)
    rows = [(key(number), request.apply_row(key(number), "mod", "fun")) for number in range(9)]
    assert asyncio.run(gather(stored.records.respond(request.batch(rows), session))) == []
    assert stored.host.threads == 1
    assert stored.node.counters.batch_errors == 1


def test_a_batch_whose_pieces_nobody_takes_ends(world: World) -> None:
    world.ask(request.put(key(1), {"data": b"x" * 200_000}))
    rows = [(key(1), request.get_row(key(1)))] * 5

    async def dialogue() -> None:
        pieces: Any = world.records.respond(request.batch(rows))
        await anext(pieces)
        await pieces.aclose()

    asyncio.run(dialogue())
    assert world.count("batch_sub_read_success") == 1
    assert world.node.counters.batch_errors == 1


def test_batches_are_counted(stored: World) -> None:
    rows = [(NOTHING_THERE, request.get_row(key(0))), (key(1), request.get_row(key(1)))]
    ask(stored, rows)
    ask(stored, rows, 0)
    assert last_only(stored, message.request(message.INFO1_BATCH)) == Result.PARAMETER
    counters = stored.node.counters
    assert (counters.batch_initiated, counters.batch_completed, counters.batch_errors) == (3, 2, 1)
