"""UDF calls on one record, with a scripted Lua host: the wire specification, section 4.5."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from asinfo.wire import message, request
from asinfo.wire.request import Key, Policy, RecordReply, reply
from asinfo.wire.result import Result
from asudfd.aerospike.message.single import executor
from asudfd.lua.aerospike.record_view import RecordView
from asudfd.lua.aerospike.udf_result import DELETE, NOTHING, WRITE, UdfResult
from tests.fakes.world import World, gather

KEY = Key("test", "demo", "k1")
BINS = message.op(1, 1, b"n", bytes(7) + b"\7")
CALL = [(0, b"test"), (1, b"demo"), (4, KEY.digest), (30, b"mod"), (31, b"fun"), (32, b"\x90")]


def applied(
    code: int = 0,
    *,
    kind: int = 1,
    value: bytes = bytes(7) + b"\5",
    action: int = NOTHING,
    bins: bytes = b"",
    ttl: int | None = None,
    drop_key: bool = False,
) -> UdfResult:
    return UdfResult(code, kind, value, action, bins, ttl, drop_key, None, 0)


def call(world: World, policy: Policy | None = None) -> RecordReply:
    return world.ask(request.apply(KEY, "mod", "fun", [1, 2], policy or Policy()))


@pytest.fixture
def stored(world: World) -> World:
    world.ask(request.put(KEY, {"a": 1}, Policy(send_key=True)))
    return world


def test_the_recorded_request(world: World) -> None:
    world.host.applied = applied()
    recorded = (
        "16000100000000000000 00000000 000003E8 00060000 0000000500 74657374 0000000501 64656D6F 0000001504"
        + "11" * 20
        + "000000091E 746573745F756466 000000041F 616464 0000000420 920102"
    )
    answer = world.ask(bytes.fromhex(recorded.replace(" ", "")))
    assert (answer.result, answer.generation, answer.ops) == (0, 0, [(1, 1, b"SUCCESS", bytes(7) + b"\5")])
    [(module, function, arguments, subject, _)] = world.host.calls
    assert (module, function, arguments) == ("test_udf", b"add", b"\x92\1\2")
    assert subject == (False, 0, 0, 0, b"demo", b"", b"\x11" * 20, b"", True)
    assert world.count("client_udf_complete") == world.count("client_lang_read_success") == 1


def test_the_record_crosses_as_it_is_stored(stored: World) -> None:
    stored.host.applied = applied()
    call(stored)
    view = stored.host.calls[0].view
    assert isinstance(view, RecordView)
    assert view[:3] + view[4:6] == (True, 1, 0, b"demo", b"\3k1")
    assert view.last_update > 0
    assert (view.digest, view.bins) == (KEY.digest, message.op(1, 1, b"a", bytes(7) + b"\1"))
    assert view.in_memory


def test_a_write_is_one_write(stored: World) -> None:
    stored.host.applied = applied(action=WRITE, bins=BINS)
    answer = call(stored)
    assert (answer.result, answer.generation) == (0, 2)
    assert stored.ask(request.get(KEY)).bins == {"n": 7}
    assert stored.record(KEY.digest).key == b"\3k1"
    assert stored.count("client_lang_write_success") == 1


def test_a_write_creates(world: World) -> None:
    world.host.applied = applied(action=WRITE, bins=BINS)
    assert call(world, Policy(send_key=True)).generation == 1
    record = world.record(KEY.digest)
    assert (record.set_name, record.key) == (b"demo", b"\3k1")


def test_a_deletion(stored: World) -> None:
    stored.host.applied = applied(action=DELETE)
    answer = call(stored)
    assert (answer.result, answer.generation, len(answer.ops)) == (0, 2, 1)
    assert stored.namespace.get(KEY.digest) is None
    assert stored.count("client_lang_delete_success") == 1


def test_the_functions_ttl_goes_over_the_policys(stored: World) -> None:
    stored.namespace.config.nsup_period = 10
    stored.host.applied = applied(action=WRITE, bins=BINS)
    assert call(stored, Policy(ttl=1000)).void_time > 0
    stored.host.applied = applied(action=WRITE, bins=BINS, ttl=message.TTL_NEVER)
    assert call(stored, Policy(ttl=1000)).void_time == 0
    assert call(stored).void_time == 0


def test_a_ttl_that_is_refused_is_the_whole_answer(stored: World) -> None:
    stored.namespace.config.nsup_period = 0
    stored.namespace.config.allow_ttl_without_nsup = False
    stored.host.applied = applied(action=WRITE, bins=BINS, ttl=10)
    answer = call(stored)
    assert (answer.result, answer.ops) == (Result.FORBIDDEN, [])
    assert stored.ask(request.get(KEY)).bins == {"a": 1}


def test_a_dropped_key(stored: World) -> None:
    stored.host.applied = applied(action=WRITE, bins=BINS, drop_key=True)
    call(stored, Policy(send_key=True))
    assert stored.record(KEY.digest).key == b""


def test_a_failure_shows_its_text_and_the_record_as_it_is(stored: World) -> None:
    stored.host.applied = applied(code=100, kind=3, value=b"mod.lua:1: no")
    answer = call(stored)
    assert (answer.result, answer.generation) == (Result.UDF, 1)
    assert answer.ops == [(1, 3, b"FAILURE", b"mod.lua:1: no")]
    assert stored.count("client_udf_error") == stored.count("client_lang_error") == 1


def test_another_code_is_the_whole_answer(stored: World) -> None:
    stored.host.applied = applied(code=2, kind=0, value=b"")
    answer = call(stored)
    assert (answer.result, answer.generation, answer.ops) == (Result.NOT_FOUND, 0, [])


@pytest.mark.parametrize(
    ("info2", "info3", "fields", "code"),
    [
        (1 | message.INFO2_GENERATION, 0, CALL, Result.PARAMETER),
        (1 | message.INFO2_CREATE_ONLY, 0, CALL, Result.PARAMETER),
        (1, message.INFO3_UPDATE_ONLY, CALL, Result.PARAMETER),
        (1, message.INFO3_REPLACE_ONLY, CALL, Result.PARAMETER),
        (1, 0, [*CALL[:3], (30, b"m" * 128), *CALL[4:]], Result.PARAMETER),
        (1, 0, [*CALL[:4], (31, b"f" * 128), CALL[5]], Result.PARAMETER),
        (1, 0, CALL[:5], Result.PARAMETER),
        (1, 0, CALL[:4], Result.PARAMETER),
        (1, 0, [*CALL, (43, b"\x90")], Result.PARAMETER),
        (1, 0, [*CALL, (2, b"\3k2")], Result.KEY_MISMATCH),
        (1, 0, [CALL[0], (1, b"other"), *CALL[2:]], Result.PARAMETER),
    ],
)
def test_refusals(stored: World, info2: int, info3: int, fields: Any, code: int) -> None:
    answer = stored.ask(message.request(0, info2, info3, fields=fields))
    assert (answer.result, answer.ops, stored.host.calls) == (code, [], [])


def test_execution_can_be_disabled(world: World) -> None:
    world.node.config.service.disable_udf_execution = True
    assert call(world).result == Result.FORBIDDEN


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the executor stands still: a limit reaches the host whole."""
    monkeypatch.setattr(executor, "time", SimpleNamespace(monotonic=lambda: 1000.0))


class TestInAThread:
    def test_the_deadline_is_the_clients(self, stored: World, still: None) -> None:
        stored.host.slow = True
        stored.host.applied = applied(action=WRITE, bins=BINS)
        assert call(stored, Policy(limit=500)).generation == 2
        assert stored.host.seconds == 0.5
        assert stored.count("client_udf_complete") == 1
        call(stored, Policy(limit=0))
        assert stored.host.seconds == 1.0

    def test_others_wait_for_the_record_in_order(self, stored: World) -> None:
        async def dialogue() -> Any:
            stored.host.slow, stored.host.release = True, asyncio.Event()
            stored.host.applied = applied(action=WRITE, bins=BINS)
            running = stored.begin(request.apply(KEY, "mod", "fun", []))
            await asyncio.sleep(0)
            waiting = [
                stored.begin(body)
                for body in (
                    request.get(KEY),
                    request.put(KEY, {"n": 8}),
                    request.get(KEY),
                    request.remove(KEY),
                )
            ]
            other = Key("test", "demo", "k2")
            assert isinstance(stored.records.respond(request.put(other, {"x": 1})), bytes)  # others go on
            stored.host.release.set()
            return [reply((await gather(each))[0]) for each in (running, *waiting)]

        answers = asyncio.run(dialogue())
        assert [each.result for each in answers] == [0, 0, 0, 0, 0]
        assert [each.generation for each in answers] == [2, 2, 3, 3, 0]
        assert (answers[1].bins, answers[3].bins) == ({"n": 7}, {"n": 8})
        assert len(stored.namespace.locks) == 0

    def test_who_waits_too_long_is_told(self, stored: World) -> None:
        async def dialogue() -> Any:
            stored.host.slow, stored.host.release = True, asyncio.Event()
            running = stored.begin(request.apply(KEY, "mod", "fun", []))
            await asyncio.sleep(0)
            hasty = stored.begin(request.get(KEY, policy=Policy(limit=1)))
            answer = reply((await gather(hasty))[0])
            assert not running.done()
            stored.host.release.set()
            await running
            return answer

        assert asyncio.run(dialogue()).result == Result.TIMEOUT
        assert stored.count("client_tsvc_timeout") == 1

    def test_a_time_limit_has_a_limit(self, stored: World, still: None) -> None:
        stored.host.slow = True
        stored.ask(request.apply(KEY, "mod", "fun", [], Policy(limit=0xFFFFFFFF)))
        assert stored.host.seconds == 60
        stored.node.config.mod_lua.time_max_ms = 1500
        stored.ask(request.apply(KEY, "mod", "fun", [], Policy(limit=2000)))
        assert stored.host.seconds == 1.5

    def test_a_call_that_is_given_up_frees_the_record_and_changes_nothing(self, stored: World) -> None:
        async def dialogue() -> Any:
            stored.host.slow, stored.host.release = True, asyncio.Event()
            stored.host.applied = applied(action=WRITE, bins=BINS)
            running = stored.begin(request.apply(KEY, "mod", "fun", []))
            await asyncio.sleep(0)
            running.cancel()
            return reply((await gather(stored.begin(request.get(KEY))))[0])

        assert asyncio.run(dialogue()).bins == {"a": 1}
        assert len(stored.namespace.locks) == 0

    def test_all_may_wait(self, stored: World) -> None:
        async def dialogue() -> Any:
            stored.host.slow, stored.host.release = True, asyncio.Event()
            running = stored.begin(request.apply(KEY, "mod", "fun", []))
            await asyncio.sleep(0)
            waiting = [stored.begin(request.get(KEY)) for _ in range(100)]
            await asyncio.sleep(0)
            stored.host.release.set()
            await running
            return [reply((await gather(each))[0]).result for each in waiting]

        assert asyncio.run(dialogue()) == [0] * 100

    def test_a_fault_is_a_result_code_and_a_line_in_the_log(self, stored: World) -> None:
        stored.host.slow = True
        stored.host.applied = cast("Any", None)
        assert call(stored).result == Result.SERVER_ERROR
        stored.host.slow = False
        stored.host.applied = cast("Any", (1,))
        assert call(stored).result == Result.SERVER_ERROR
        assert len([line for line in cast("Any", stored.node.log).lines if "internal error" in line[2]]) == 2
        assert len(stored.namespace.locks) == 0
