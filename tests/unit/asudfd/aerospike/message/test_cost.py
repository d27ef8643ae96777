"""What a request on lists, maps and filters may do in one turn of the event loop: the work, and what it takes apart."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from asinfo.wire import cdt, frame, message, msgpack, request
from asinfo.wire import expression as x
from asinfo.wire.message import (
    INFO1_NO_BINS,
    INFO1_READ,
    INFO3_PARTITION_DONE,
    OP_CDT_MODIFY,
    OP_CDT_READ,
    OP_EXPRESSION_MODIFY,
    OP_READ,
    OP_WRITE,
    op,
    read_ops,
    record_request,
)
from asinfo.wire.msgpack import GeoJSON, MarkedList, MarkedMap, Raw
from asinfo.wire.particle import LIST as LIST_PARTICLE
from asinfo.wire.request import Key, Policy, RecordReply
from asinfo.wire.result import Result
from asudfd.aerospike.message import cost
from asudfd.aerospike.message.beside import end_thread
from asudfd.aerospike.message.cdt import modify, read
from asudfd.aerospike.message.cost import TURN_STEPS, CostBudget, CostExceededError
from asudfd.aerospike.message.outcome import REPLY_SIZE_MAX, RecordOutcome
from asudfd.aerospike.message.single.bins import split
from asudfd.aerospike.message.single.operate import run
from asudfd.record.refused import RequestRefused
from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asinfo.wire.message import Message

KEY = Key("test", "demo", "k")
TURN_SECONDS = 0.2
"""What a turn must not take; it is some 2 ms."""

SECONDS = 1.0
"""What was 2 to 20 seconds; the real time is some 50 ms, of this process alone."""

GET_BY_RANK = (21, 7, 0)
LIST = [x.BIN, x.LIST, Raw(b"l")]


def operate(world: World, *commands: Any, writes: bool = False, name: bytes = b"l") -> RecordReply:
    code = OP_CDT_MODIFY if writes else OP_CDT_READ
    ops = [op(code, 4, name, msgpack.pack(list(each))) for each in commands]
    return world.ask(request.operate(KEY, ops, reads=not writes, writes=writes))


def get(world: World, expression: Any) -> int:
    return world.ask(request.get(KEY, policy=Policy(filter=msgpack.pack(expression)))).result


def call(result: int, *command: Any) -> list[Any]:
    return [x.CALL, result, 0, list(command), LIST]


@pytest.fixture
def large(world: World) -> World:
    assert world.ask(request.put(KEY, {"l": [each % 100 for each in range(200_000)]})).result == 0
    return world


@pytest.fixture
def short(world: World) -> World:
    bins: dict[str, Any] = {"l": [each % 100 for each in range(1000)], "m": dict.fromkeys(range(1000), 1)}
    assert world.ask(request.put(KEY, bins)).result == 0
    return world


@pytest.mark.parametrize(
    "commands",
    [
        [GET_BY_RANK],
        [GET_BY_RANK] * 15,
        [(23, 5, list(range(1000, 3000)))],
        [(22, 5, 1000)] * 30,
        [(24, 7, 0), (26, 7, 0)],
    ],
    ids=["rank", "ranks", "values", "value", "range"],
)
def test_a_large_list_is_worked_on_beside_the_event_loop(large: World, commands: list[Any]) -> None:
    bins = split(large.record(KEY.digest).bins)
    ops = [(OP_CDT_READ, 4, b"l", msgpack.pack(list(each))) for each in commands]
    begun = time.process_time()
    with pytest.raises(CostExceededError):
        run(bins, ops, 0)
    assert time.process_time() - begun < TURN_SECONDS
    answer = operate(large, *commands)
    assert answer.result == Result.OK
    assert len(answer.ops) == len(commands)


def test_many_changes_are_made_beside_the_event_loop(short: World) -> None:
    bins = split(short.record(KEY.digest).bins)
    for commands in ([(1, 5)] * 3000, [(1, [[1]] * 30_000)]):
        ops = [(OP_CDT_MODIFY, 4, b"l", msgpack.pack(list(each))) for each in commands]
        begun = time.process_time()
        with pytest.raises(CostExceededError):
            run(bins, ops, 0)
        assert time.process_time() - begun < TURN_SECONDS
        assert operate(short, *commands, writes=True).result == Result.OK
    assert operate(short, (16,)).bins == {"l": 1000 + 3000 + 1}


def test_work_on_a_list_that_is_open_already_is_paid_for(world: World) -> None:
    assert world.ask(request.put(KEY, {"l": [0] * 10_000})).result == 0
    bins = split(world.record(KEY.digest).bins)
    for code, command in ((OP_CDT_MODIFY, [10, 0, 10_000]), (OP_CDT_READ, [18, 0, 10_000])):
        ops = [(code, 4, b"l", msgpack.pack(command))]
        run(dict(bins), ops, 0)
        with pytest.raises(CostExceededError):
            run(dict(bins), ops * 10, 0)
    assert operate(world, *[[10, 0, 10_000]] * 50, writes=True).result == Result.OK


def test_an_operation_that_fails_beside_the_event_loop_changes_nothing(large: World) -> None:
    before = large.record(KEY.digest)
    failed = operate(large, (13, 0), (5, 200_000), writes=True)
    assert (failed.result, failed.generation) == (Result.OP_NOT_APPLICABLE, 1)
    assert operate(large, (9, 1_100_000, 1), writes=True).result == Result.RECORD_TOO_BIG
    assert large.record(KEY.digest) == before
    assert large.count("client_write_error") == 2


def test_a_background_query_waits_for_the_thread(large: World) -> None:
    sort = op(OP_CDT_MODIFY, 4, b"l", msgpack.pack([13, 1]))
    fields = [(0, b"test"), (1, b"demo"), (7, b"\1")]
    large.bodies(message.request(0, 1, fields=fields, ops=[sort]))
    assert large.node.jobs[1].succeeded == 1
    assert operate(large, (17, 0)).bins == {"l": 99}


def test_a_row_of_a_batch_waits_for_the_thread(large: World) -> None:
    row = record_request(KEY.digest, {0: b"test", 1: b"demo"}, info1=INFO1_READ)
    ops = [op(OP_CDT_READ, 4, b"l", msgpack.pack([21, 7, -1]))]
    outcome = asyncio.run(answered(large, row, ops))
    assert outcome.code == Result.OK
    assert outcome.ops == op(OP_CDT_READ, 1, b"l", (99).to_bytes(8, "big"))


async def answered(world: World, row: Message, ops: list[bytes]) -> RecordOutcome:
    todo, _ = read_ops(b"".join(ops), 0, len(ops))
    answer = world.records.executor.answer(row, todo, "batch_sub", None)
    assert not isinstance(answer, RecordOutcome)
    outcome = await answer
    await end_thread()
    return outcome


def test_what_is_too_much_for_a_thread_is_refused_and_changes_nothing(
    large: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "BESIDE_STEPS", 1_000_000)
    before = large.record(KEY.digest)
    assert operate(large, (13, 0), writes=True).result == Result.UNSUPPORTED_FEATURE
    assert operate(large, GET_BY_RANK).result == Result.UNSUPPORTED_FEATURE
    assert large.record(KEY.digest) == before


def test_answers_of_many_reads_are_not_kept_without_end(large: World) -> None:
    assert operate(large, *[(18, 0)] * 500).result == Result.RECORD_TOO_BIG


def test_bins_that_are_shown_between_changes_are_not_kept_without_end(large: World) -> None:
    append, show = op(OP_CDT_MODIFY, 4, b"l", msgpack.pack([1, 5])), op(OP_READ, 0, b"l")
    before = large.record(KEY.digest)
    ops = [append, show] * (REPLY_SIZE_MAX // 200_000 + 1)
    bins = split(before.bins)
    todo, _ = read_ops(b"".join(ops) * 2, 0, 2 * len(ops))
    with pytest.raises(RequestRefused):
        run(bins, todo, 0, budget=CostBudget(cost.BESIDE_STEPS))
    assert len(bins[b"l"]) < 200_000 + len(ops)  # what comes after is not done
    answer = large.ask(request.operate(KEY, ops, reads=True, writes=True))
    assert (answer.result, large.record(KEY.digest)) == (Result.RECORD_TOO_BIG, before)


def test_other_requests_on_the_record_wait(world: World) -> None:
    long = world.node.config.mod_lua.time_max_ms = (
        600_000  # a busy machine may take the second of the default to sort
    )
    numbers = [each % 100 for each in range(30_000)]
    assert world.ask(request.put(KEY, {"l": numbers})).result == 0
    body = request.operate(KEY, [op(OP_CDT_MODIFY, 4, b"l", msgpack.pack([13, 0]))], reads=False, writes=True)

    async def dialogue() -> bytes:
        sorting = world.begin(body)
        await asyncio.sleep(0)
        assert KEY.digest in world.namespace.locks
        _, got = await asyncio.gather(sorting, world.begin(request.get(KEY, policy=Policy(limit=long))))
        await end_thread()
        return got

    got = asyncio.run(dialogue())
    assert request.reply(got[frame.HEADER_SIZE :]).bins["l"] == sorted(numbers)


LARGE_FILTERS = {
    "ranks": [x.AND, *[[x.EQ, call(x.INTEGER, *GET_BY_RANK), 0]] * 30],
    "values": [x.GE, call(x.INTEGER, 23, 5, [x.QUOTE, list(range(1000, 2500))]), 0],
    "comparisons": [x.AND, *[[x.NE, LIST, [x.QUOTE, [1]]]] * 30],
}


@pytest.mark.parametrize("name", LARGE_FILTERS)
def test_a_filter_of_a_large_list_is_asked_beside_the_event_loop(large: World, name: str) -> None:
    expression = LARGE_FILTERS[name]
    assert get(large, expression) == Result.OK
    assert get(large, [x.NOT, expression]) == Result.FILTERED_OUT


@pytest.mark.parametrize("name", LARGE_FILTERS)
def test_what_a_filter_takes_in_the_turn_is_bounded(
    large: World, turns_only: Callable[[], None], name: str
) -> None:
    turns_only()
    begun = time.process_time()
    assert get(large, LARGE_FILTERS[name]) == Result.UNSUPPORTED_FEATURE
    assert time.process_time() - begun < SECONDS
    assert large.count("client_read_error") == 1


VALUES: dict[str, Any] = {
    "a long list": [each % 100 for each in range(100_000)],
    "a map out of order": dict.fromkeys((each * 7919 % 20_011 for each in range(20_000)), 1),
    "lists in a list": [[each % 100] for each in range(50_000)],
    "a region": GeoJSON(f'{{"type":"Polygon","coordinates":[{"[0,1]," * 20_000}[0,1]]}}'),
}


@pytest.mark.parametrize("name", VALUES)
def test_others_are_served_while_a_large_value_is_put(world: World, name: str) -> None:
    other = Key("test", "demo", "other")
    body = request.put(KEY, {"b": VALUES[name], "n": 1})
    assert served_meanwhile(world, body, request.get(other), Result.NOT_FOUND) > 0
    assert world.ask(request.get(KEY, ["n"])).bins == {"n": 1}
    assert (
        world.ask(request.operate(KEY, [op(OP_READ, 0, b"b")], reads=True, writes=False)).result == Result.OK
    )
    assert world.count("client_write_success") == 1


@pytest.mark.parametrize("broken", [b"\xdd\xff\xff\xff\xff", b"\x93" + b"\xdf\xff\xff\xff\xff" * 20])
def test_a_value_that_says_it_has_more_than_its_bytes_ends_early(world: World, broken: bytes) -> None:
    fields = [(0, b"test"), (1, b"demo"), (4, KEY.digest)]
    put = message.request(0, 1, fields=fields, ops=[op(OP_WRITE, LIST_PARTICLE, b"l", broken)])
    assert world.ask(put).result == Result.SERVER_ERROR
    append = message.request(0, 1, fields=fields, ops=[op(OP_CDT_MODIFY, 4, b"l", b"\x92\x01" + broken)])
    assert world.ask(append).result == Result.PARAMETER


def test_others_are_served_while_a_filter_is_asked(large: World) -> None:
    wanted = Policy(filter=msgpack.pack(LARGE_FILTERS["ranks"]))
    other = request.get(Key("test", "demo", "other"))
    for body in (
        request.exists(KEY, wanted),
        request.put(KEY, {"n": 1}, wanted),
        request.apply(KEY, "module", "function", [], wanted),
        request.remove(KEY, wanted),
    ):
        assert served_meanwhile(large, body, other, Result.NOT_FOUND) > 0


def test_others_are_served_while_a_region_is_read_and_looked_through(world: World) -> None:
    places = "[0,0],[9,0],[9,9]," * 20_000
    region = GeoJSON(f'{{"type":"Polygon","coordinates":[[{places}[0,0]]]}}')
    point = GeoJSON('{"type":"Point","coordinates":[1,1]}')
    other = request.get(Key("test", "demo", "other"))
    assert served_meanwhile(world, request.put(KEY, {"r": region, "p": point}), other, Result.NOT_FOUND) > 0
    for one, another in ((region, "p"), (point, "r"), ([x.BIN, x.GEOJSON, Raw(b"p")], "r")):
        meets = [x.GEO, one, [x.BIN, x.GEOJSON, Raw(another.encode())]]
        policy = Policy(filter=msgpack.pack([x.OR, meets, [x.NOT, meets]]))
        assert served_meanwhile(world, request.get(KEY, policy=policy), other, Result.NOT_FOUND) > 0


def test_a_region_that_takes_more_than_its_bytes_say_goes_to_the_thread(world: World) -> None:
    deep = GeoJSON('{"type":"Polygon","a":[' + "[[[[[]]]]]," * 4000 + "1]}")
    assert len(deep) * cost.GEO_STEPS < TURN_STEPS
    other = request.get(Key("test", "demo", "other"))
    for body in (
        request.put(KEY, {"g": deep}),
        request.operate(
            KEY,
            [op(OP_WRITE, 23, b"h", bytes(3) + deep.encode()), op(OP_READ, 0, b"h")],
            reads=True,
            writes=True,
        ),
        request.operate(
            KEY,
            [op(OP_EXPRESSION_MODIFY, 4, b"i", msgpack.pack([[x.BIN, x.GEOJSON, Raw(b"g")], 0]))],
            reads=False,
            writes=True,
        ),
    ):
        assert served_meanwhile(world, body, other, Result.NOT_FOUND) > 0
    assert set(world.ask(request.get(KEY)).bins.values()) == {deep}


def served_meanwhile(world: World, body: bytes, other: bytes, expected: Result) -> int:
    """How many other requests are answered, each in its turn, before the one that takes long is, without an error."""

    async def dialogue() -> int:
        served = 0
        long = world.begin(body)
        while not long.done():
            answer = world.records.respond(other)
            assert isinstance(answer, bytes)
            assert request.reply(answer[frame.HEADER_SIZE :]).result == expected
            served += 1
            await asyncio.sleep(0)
        assert request.reply(long.result()[frame.HEADER_SIZE :]).result == Result.OK
        return served

    return world.play(dialogue())


def test_queries_wait_for_the_thread(large: World, turns_only: Callable[[], None]) -> None:
    partitions = (11, b"".join(number.to_bytes(2, "little") for number in range(4096)))
    fields = [(0, b"test"), (1, b"demo"), partitions]
    rank = op(OP_CDT_READ, 4, b"l", msgpack.pack([21, 7, -1]))
    queries = [
        message.request(INFO1_READ, 0, INFO3_PARTITION_DONE, fields=fields, ops=[rank]),
        message.request(
            INFO1_READ | INFO1_NO_BINS,
            0,
            INFO3_PARTITION_DONE,
            fields=[*fields, (43, msgpack.pack(LARGE_FILTERS["comparisons"]))],
        ),
    ]
    for body in queries:
        found = [each for reply in large.bodies(body) for each in request.replies(reply)]
        assert [(each.result, each.last) for each in found] == [(Result.OK, False), (Result.OK, True)]
    turns_only()
    for body in queries:
        [last] = [each for reply in large.bodies(body) for each in request.replies(reply)]
        assert (last.result, last.last) == (Result.UNSUPPORTED_FEATURE, True)


def test_the_size_is_read_from_the_first_bytes(large: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdt, "elements", pytest.fail)
    assert operate(large, (16,)).bins == {"l": 200_000}
    assert get(large, [x.AND, *[[x.EQ, call(x.INTEGER, 16), 200_000]] * 100]) == Result.OK
    for stored, size in ((MarkedList([1, 2]), 2), (MarkedList([]), 0), ([], 0)):
        assert read((20, msgpack.pack(stored)), msgpack.pack([16])) == (1, size.to_bytes(8, "big"))
    assert read((19, msgpack.pack(MarkedMap({"a": 1}))), msgpack.pack([96])) == (1, (1).to_bytes(8, "big"))


def test_a_bin_is_taken_apart_once(short: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    elements = cdt.elements

    def counting(data: bytes, *more: Any) -> Any:
        seen.append(len(data))
        return elements(data, *more)

    monkeypatch.setattr(cdt, "elements", counting)
    assert get(short, [x.AND, *[[x.EQ, call(x.INTEGER, *GET_BY_RANK), 0]] * 3]) == Result.OK
    assert sum(size > 1000 for size in seen) == 1
    assert operate(short, *[GET_BY_RANK] * 2).result == Result.OK
    assert sum(size > 1000 for size in seen) == 2
    assert operate(short, *[(3, 0, 5)] * 10, writes=True).result == Result.OK
    assert sum(size > 1000 for size in seen) == 3


def test_reads_between_changes_see_them(short: World) -> None:
    def each(code: int, *parts: Any) -> bytes:
        return op(code, 4, b"n", msgpack.pack(list(parts)))

    ops = [
        each(OP_CDT_MODIFY, 1, 7),
        each(OP_CDT_READ, 16),
        each(OP_CDT_MODIFY, 1, 8),
        op(OP_READ, 0, b"n"),
        each(OP_CDT_READ, 17, 1),
        op(2, 1, b"n", bytes(8)),
        op(OP_READ, 0, b"n"),
    ]
    answer = short.ask(request.operate(KEY, ops, reads=True, writes=True))
    shown = [int.from_bytes(value, "big") if kind == 1 else value for _, kind, _, value in answer.ops]
    assert shown == [1, 1, 2, msgpack.pack([7, 8]), 8, 0]


def test_an_append_does_not_take_a_list_apart(short: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert short.ask(request.put(KEY, {"l": [1] * 200_000})).result == 0
    answer = operate(short, (1, 5), (2, [6, [7]]), (1, "x", 0, 0), writes=True)
    assert answer.result == 0
    assert short.ask(request.get(KEY)).bins["l"] == [*[1] * 200_000, 5, 6, [7], "x"]
    monkeypatch.setattr(cdt, "elements", pytest.fail)
    assert operate(short, *[(1, 5)] * 5, writes=True).result == Result.OK
    monkeypatch.undo()
    for levels, result in ((127, Result.OK), (128, Result.PARAMETER)):
        deep = b"\x91" * (levels - 1) + b"\x90"
        ops = [op(OP_CDT_MODIFY, 4, b"l", b"\x92\x01" + deep)]
        assert short.ask(request.operate(KEY, ops, reads=False, writes=True)).result == result


def changes(chance: random.Random, *, ordered: bool) -> Iterable[tuple[Any, ...]]:
    for _ in range(300):
        key = chance.randrange(60)
        yield chance.choice(
            (
                (67, key, key),
                (68, {chance.randrange(60): 1 for _ in range(chance.randrange(40))}),
                (76, 0, key),
                (81, 0, [chance.randrange(60) for _ in range(chance.randrange(30))]),
                (84, 0, key, key + chance.randrange(20)),
                (64, 1 if ordered else 0),
            )
        )


@pytest.mark.parametrize("ordered", [True, False])
def test_maps_agree_with_a_dict(ordered: bool) -> None:
    model: dict[int, int] = {}
    data = msgpack.pack(MarkedMap({}) if ordered else {})
    for code, *parts in changes(random.Random(ordered), ordered=ordered):
        changed = modify((19, data), msgpack.pack([code, *parts])).stored
        assert changed is not None
        data = changed[1]
        match code:
            case 67:
                model[parts[0]] = parts[1]
            case 68:
                model.update(parts[0])
            case 76 | 81:
                for key in parts[1] if code == 81 else [parts[1]]:
                    model.pop(key, None)
            case 84:
                model = {key: value for key, value in model.items() if not parts[1] <= key < parts[2]}
        assert list(msgpack.unpack(data).items()) == sorted(model.items())  # type: ignore[union-attr]  # a map


def test_an_ordered_list_stays_in_order() -> None:
    chance = random.Random(4)
    model: list[int] = []
    data = msgpack.pack(MarkedList([]))
    for _ in range(200):
        values = [chance.randrange(-50, 50) for _ in range(chance.choice([1, 2, 3, 40]))]
        changed = modify((20, data), msgpack.pack([2, values])).stored
        assert changed is not None
        data = changed[1]
        model = sorted([*model, *values])
        assert msgpack.unpack(data) == model


def test_an_expression_with_too_many_values_is_refused(short: World) -> None:
    begun = time.process_time()
    for constant in ([x.QUOTE, [1] * 60_000], [x.QUOTE, [[1]] * 20_000], dict.fromkeys(range(40_000), 1)):
        assert get(short, [x.EQ, LIST, constant]) == Result.UNSUPPORTED_FEATURE
    search = [x.REGEX, 1, Raw(b"(a|b)*c"), [x.BIN, x.STRING, Raw(b"s")]]
    assert get(short, [x.AND, *[search] * 200]) == Result.PARAMETER
    assert time.process_time() - begun < SECONDS


def test_comparisons_of_long_strings_are_charged(world: World, turns_only: Callable[[], None]) -> None:
    turns_only()
    bins = {"a": "x" * 400_000, "b": "x" * 400_000}
    assert world.ask(request.put(KEY, bins)).result == 0
    equal = [x.EQ, [x.BIN, x.STRING, Raw(b"a")], [x.BIN, x.STRING, Raw(b"b")]]
    assert get(world, [x.AND, *[equal] * 10]) == Result.OK
    assert get(world, [x.AND, *[equal] * 600]) == Result.UNSUPPORTED_FEATURE


def test_work_ends() -> None:
    budget = CostBudget()
    budget.charge(TURN_STEPS)
    with pytest.raises(CostExceededError):
        budget.charge(1)
