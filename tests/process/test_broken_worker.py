"""A worker that says what no worker may: the node believes none of it, answers every call, and keeps nothing of it."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asudfd.config.schema.lua import PROCESS, ModLua
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import RecordView, StreamView, record_call, stream_call
from asudfd.lua.aerospike.result_check import checked
from asudfd.lua.aerospike.udf_result import UdfResult, failed, pack, unpack
from asudfd.lua.crossing import WrongResultError
from asudfd.lua.errors import ModuleError
from asudfd.lua.worker import frames, module_worker
from asudfd.lua.worker.frames import ContextState, LinesRan, PouredBatch, WorkerLine
from asudfd.lua.worker.worker_end import FRAMES_MAX
from tests.process.played_workers import PlayedSupply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VIEW = RecordView(False, 0, 0, 0, b"", b"", bytes(20), b"", True)
STATE = ContextState(0.0, 1000, usable=True)
GOOD_RESULT = failed(b"said by the worker")
PACKED = pack(GOOD_RESULT)

KINDS = range(frames.COMPILED, frames.LATE + 1)
GOOD = {
    frames.LINE: frames.pack_line(WorkerLine(2, "m.lua:1", "text")),
    frames.BAD: frames.pack_bad(b"m.lua", 1, b"message"),
    frames.MADE: frames.pack_made(1000),
    frames.RESULT: frames.result_frame(STATE, PACKED)[frames.HEADER.size :],
    frames.POURED: frames.pack_poured(STATE, PouredBatch(b"", False, b"", b"")),
    frames.RAN: frames.pack_ran(LinesRan({}, {})),
    frames.FETCH: b"other",
    frames.REQUIRED: b"other",
}
"""Bodies that a worker may send."""

Frames = list[tuple[int, bytes]]
BODY = st.binary(max_size=80) | st.builds(
    lambda kind, at, byte: _changed(GOOD.get(kind, b""), at, byte),
    st.sampled_from(KINDS),
    st.integers(0, 100),
    st.integers(0, 255),
)
FRAME = st.tuples(st.sampled_from(KINDS), BODY) | st.sampled_from(list(GOOD.items()))
SAID = st.builds(
    lambda before, after, rest: b"".join(frames.frame(*each) for each in (*before, *after)) + rest,
    st.sampled_from([[], [(frames.MADE, GOOD[frames.MADE])]]),
    st.lists(FRAME, max_size=5),
    st.binary(max_size=9),
)
"""Frames, good and bad ones, and what is none; half of them begin as a worker does."""

UNHURRIED = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])


def _changed(body: bytes, at: int, byte: int) -> bytes:
    return body[:at] + bytes([byte]) + body[at + 1 :]


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@contextmanager
def supplied(said: bytes) -> Iterator[PlayedSupply]:
    """Workers that say this, whatever they are asked, and end; nothing of them is left afterwards."""
    descriptors = _descriptors()

    def play(_reading: int, writing: int) -> None:
        os.write(writing, said)
        supply.leave()

    supply = PlayedSupply(play)
    try:
        yield supply
    finally:
        supply.close()
    assert _descriptors() == descriptors


def with_host(said: bytes, scene: Callable[[UdfHost], object]) -> None:
    """Play ``scene``, a coroutine function, with a host whose workers say this."""

    async def stage() -> None:
        with supplied(said) as supply:
            node = UdfHost(
                ModLua(user_path="/udf", isolation=PROCESS),
                {"m": b"", "other": b""}.get,
                lambda *_: None,
                supply=supply,
            )
            loop = asyncio.get_running_loop()
            failures: list[object] = []
            loop.set_exception_handler(lambda _, context: failures.append(context))
            await scene(node)  # type: ignore[misc]  # a coroutine, whatever it answers
            await node.stop()
        assert failures == []

    asyncio.run(stage())


@UNHURRIED
@given(SAID)
def test_every_call_is_answered(said: bytes) -> None:
    async def scene(node: UdfHost) -> None:
        results = [await node.run(record_call("m", b"f", b"\x90", VIEW), 5) for _ in range(2)]
        for result in results:
            assert checked(result, VIEW) == result
            assert result.code in {0, 100}
            assert result.action == 0 or result.code == 0
        assert len(node.statistics()) <= 1

    with_host(said, scene)


@UNHURRIED
@given(SAID)
def test_every_check_ends(said: bytes) -> None:
    async def scene(node: UdfHost) -> None:
        for _ in range(2):
            with suppress(ModuleError):
                await node.validate("m.lua", b"return 1")

    with_host(said, scene)


@UNHURRIED
@given(SAID)
def test_every_batch_is_answered(said: bytes) -> None:
    async def scene(node: UdfHost) -> None:
        stream = node.open_stream(stream_call("m", b"f", b"\x90", StreamView(b"head", True)))
        poured = await node.pour(stream, b"", 5)
        assert not poured.messages or poured.messages.startswith(b"head")
        node.close_stream(stream)
        assert node.streams == 0

    with_host(said, scene)


WRONG: dict[str, Frames] = {
    "another answer": [(frames.READY, b"")],
    "a verdict in place of a context": [(frames.GOOD, b"")],
    "a context of no size": [(frames.MADE, b"1")],
    "a result of no form": [(frames.MADE, GOOD[frames.MADE]), (frames.RESULT, b"")],
    "a result that is cut": [
        (frames.MADE, GOOD[frames.MADE]),
        (frames.RESULT, frames.result_frame(STATE, PACKED[:-1])[frames.HEADER.size :]),
    ],
    "a batch in place of a result": [
        (frames.MADE, GOOD[frames.MADE]),
        (frames.POURED, GOOD[frames.POURED]),
    ],
}


@pytest.mark.parametrize("said", WRONG.values(), ids=WRONG)
def test_a_wrong_answer_is_told_and_the_worker_is_not_used_again(said: Frames) -> None:
    async def scene(node: UdfHost) -> None:
        result = await node.run(record_call("m", b"f", b"\x90", VIEW), 5)
        assert (result.code, result.action) == (100, 0)
        assert result.value.startswith(b"the call handed back what cannot be stored or sent")
        assert [row.contexts for row in node.statistics()] in ([], [0])

    with_host(b"".join(frames.frame(*each) for each in said), scene)


def test_what_a_good_worker_says_is_believed() -> None:
    async def scene(node: UdfHost) -> None:
        result = await node.run(record_call("m", b"f", b"\x90", VIEW), 5)
        assert result == GOOD_RESULT

    with_host(
        frames.frame(frames.MADE, GOOD[frames.MADE]) + frames.frame(frames.RESULT, GOOD[frames.RESULT]), scene
    )


def test_a_size_without_end_is_not_waited_for() -> None:
    """The worker does not end: it has announced four gigabytes, and sends some of them."""

    async def stage() -> UdfResult:
        supply = PlayedSupply(
            lambda _, writing: os.write(writing, frames.HEADER.pack(2**32 - 1, frames.RESULT))
        )
        node = UdfHost(
            ModLua(user_path="/udf", isolation=PROCESS), {"m": b""}.get, lambda *_: None, supply=supply
        )
        result = await node.run(record_call("m", b"f", b"\x90", VIEW), 60)
        await node.stop()
        supply.close()
        return result

    assert b"cannot be stored or sent" in asyncio.run(stage()).value


@pytest.mark.parametrize("frame", [(frames.READY, b""), (frames.LINE, GOOD[frames.LINE])])
def test_what_nobody_has_asked_for_does_not_gather(frame: tuple[int, bytes]) -> None:
    async def stage() -> None:
        ends: list[int] = []
        supply = PlayedSupply(lambda _, writing: ends.append(writing))
        worker = await supply.fork()
        os.set_blocking(ends[0], False)
        chunk = frames.frame(*frame) * 1000
        said = 0
        while not worker.ended:
            assert said < 3 * FRAMES_MAX
            try:
                os.write(ends[0], chunk)
                said += 1000
            except BlockingIOError:
                pass
            await asyncio.sleep(0)
        worker.close()
        supply.close()

    asyncio.run(stage())


def test_lines_without_end_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a worker whose call is waited for: no call logs so many."""
    monkeypatch.setattr(module_worker, "LINES_MAX", 5000)
    lines: list[str] = []
    ends: list[int] = []

    async def stage() -> UdfResult:
        supply = PlayedSupply(lambda _, writing: ends.append(writing))
        node = UdfHost(
            ModLua(user_path="/udf", isolation=PROCESS),
            {"m": b""}.get,
            lambda _level, _place, text, _context: lines.append(text),
            supply=supply,
        )
        call = asyncio.ensure_future(node.run(record_call("m", b"f", b"\x90", VIEW), 60))
        chunk = frames.frame(frames.LINE, GOOD[frames.LINE]) * 1000
        while not call.done():
            if ends:
                os.set_blocking(ends[0], False)
                with suppress(BlockingIOError):
                    os.write(ends[0], chunk)
            await asyncio.sleep(0)
        await node.stop()
        supply.close()
        return call.result()

    assert b"cannot be stored or sent: it logs without end" in asyncio.run(stage()).value
    assert len(lines) == 5001  # the last one says so


FIELDS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.floats(), st.binary(max_size=40), st.text()
)


@given(st.lists(FIELDS, min_size=7, max_size=10))
def test_a_result_of_any_values_crosses_or_is_refused(raw: list[object]) -> None:
    try:
        packed = pack(tuple(raw))
    except WrongResultError:
        return
    assert len(unpack(packed)) == 9


RESULT = st.builds(
    UdfResult,
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=40),
    st.integers(0, 255),
    st.binary(max_size=40),
    st.none() | st.integers(0, 2**32 - 1),
    st.booleans(),
    st.none() | st.binary(max_size=40),
    st.integers(0, 255),
)


@given(RESULT)
def test_a_result_comes_back(result: UdfResult) -> None:
    assert unpack(pack(result)) == result


@given(
    st.binary(max_size=100) | st.builds(_changed, st.just(PACKED), st.integers(0, 60), st.integers(0, 255))
)
def test_any_bytes_are_a_result_that_may_be_stored_or_none(data: bytes) -> None:
    try:
        result = checked(unpack(data), VIEW)
    except WrongResultError:
        return
    assert len(result.value) + len(result.bins) + len(result.detail or b"") <= len(data)
    assert checked(result, VIEW) == result


@given(RESULT, st.data())
def test_a_result_that_is_cut_or_longer_is_none(result: UdfResult, data: st.DataObject) -> None:
    packed = pack(result)
    cut = packed[: data.draw(st.integers(0, len(packed) - 1))]
    for wrong in (cut, packed + b"x"):
        with pytest.raises(WrongResultError):
            unpack(wrong)
