"""What crosses between a node and a worker: the node believes nothing that it has not checked."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asudfd.lua.call import LuaCall
from asudfd.lua.worker import frames
from asudfd.lua.worker.frames import (
    BrokenWorkerError,
    ContextCall,
    ContextState,
    LinesRan,
    ModuleCheck,
    PouredBatch,
    WorkerLine,
    WorkerSettings,
)

TEXT = st.binary(max_size=200)
SIZE = st.integers(0, 2**32 - 1)
SECONDS = st.floats(0, 1e9)
STATE = st.builds(ContextState, SECONDS, st.integers(0, 2**64 - 1), st.booleans())


@given(
    st.one_of(
        st.builds(ModuleCheck, TEXT, TEXT, st.integers(0, 2**63)),
        st.builds(WorkerSettings, TEXT, SIZE, st.booleans(), SIZE, st.integers(0, 19), st.booleans()),
    )
)
def test_what_a_worker_is_told_comes_back(fields: Any) -> None:
    data = frames.told(frames.CHECK, fields)
    size, kind = frames.HEADER.unpack_from(data)
    assert (size, kind) == (len(data) - frames.HEADER.size, frames.CHECK)
    assert type(fields)(*marshal.loads(data[frames.HEADER.size :])) == fields


@given(SIZE, TEXT, TEXT, st.tuples(TEXT, SIZE, st.booleans()), SIZE, SECONDS, SECONDS)
def test_a_call_comes_back(  # noqa: PLR0917 - what a call is made of
    number: int, function: bytes, arguments: bytes, view: Any, size: int, deadline: float, patience: float
) -> None:
    call = LuaCall("m", function, arguments, view, size)
    for kind in (frames.CALL, frames.OPEN):
        data = frames.told_call(number, call, deadline, patience=patience, kind=kind)
        assert frames.HEADER.unpack_from(data) == (len(data) - frames.HEADER.size, kind)
        found = marshal.loads(data[frames.HEADER.size :])
        assert found == ContextCall(number, call._replace(module=""), deadline, patience)


@given(st.integers(0, 4), st.text(max_size=50), st.text(max_size=50), st.booleans())
def test_a_line_comes_back(level: int, place: str, text: str, of_stream: bool) -> None:
    line = WorkerLine(level, place, text, of_stream)
    assert frames.unpack_line(frames.pack_line(line)) == line


def test_the_longest_line_that_a_context_logs_fits_in_a_frame() -> None:
    line = WorkerLine(4, "\N{SNOWMAN}" * 5000, "\N{SNOWMAN}" * 5000)
    packed = frames.pack_line(line)
    frames.size_from_worker(len(packed), frames.LINE)
    assert len(frames.unpack_line(packed).text) > 2048


@given(TEXT, SIZE, TEXT)
def test_a_verdict_comes_back(file: bytes, line: int, message: bytes) -> None:
    assert tuple(frames.unpack_bad(frames.pack_bad(file, line, message))) == (file, line, message)


@given(st.integers(0, 2**64 - 1))
def test_the_memory_of_a_context_comes_back(memory: int) -> None:
    assert frames.unpack_made(frames.pack_made(memory)) == memory


@given(STATE, TEXT)
def test_a_result_comes_back(state: ContextState, packed: bytes) -> None:
    data = frames.result_frame(state, packed)
    size, kind = frames.HEADER.unpack_from(data)
    assert (size, kind) == (len(data) - frames.HEADER.size, frames.RESULT)
    assert frames.unpack_result(data[frames.HEADER.size :]) == (state, packed)
    assert frames.whole_result(data) == state
    assert data[frames.RESULT_AT :] == packed


@given(STATE, TEXT, st.data())
def test_a_result_is_whole_only_where_it_is_all_that_there_is(
    state: ContextState, packed: bytes, data: st.DataObject
) -> None:
    whole = frames.result_frame(state, packed)
    size = data.draw(st.integers(0, len(whole) - 1))
    kind = data.draw(st.integers(0, 255).filter(lambda kind: kind != frames.RESULT))
    for other in (whole[:size], whole + b"x", whole * 2, whole[:4] + bytes([kind]) + whole[5:]):
        assert frames.whole_result(other) is None


@given(st.binary(max_size=64))
def test_what_is_taken_for_a_result_is_one_of_the_slower_way_too(data: bytes) -> None:
    state = frames.whole_result(data)
    if state is not None:
        assert frames.HEADER.unpack_from(data) == (len(data) - frames.HEADER.size, frames.RESULT)
        found, packed = frames.unpack_result(data[frames.HEADER.size :])
        assert repr(found) == repr(state)  # not a number is not equal to itself
        assert packed == data[frames.RESULT_AT :]


@given(STATE, st.builds(PouredBatch, TEXT, st.booleans(), TEXT, TEXT))
def test_a_batch_comes_back(state: ContextState, batch: PouredBatch) -> None:
    assert frames.unpack_poured(frames.pack_poured(state, batch)) == (state, batch)


LINES = st.builds(
    LinesRan,
    st.dictionaries(st.text(max_size=9), st.lists(st.integers(0, 2**31)), max_size=3),
    st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3),
)


@given(LINES)
def test_lines_that_have_run_come_back(ran: LinesRan) -> None:
    assert frames.unpack_ran(frames.pack_ran(ran)) == ran


UNPACK: list[Callable[[bytes], Any]] = [
    frames.unpack_line,
    frames.unpack_bad,
    frames.unpack_made,
    frames.unpack_result,
    frames.unpack_poured,
    frames.unpack_ran,
]


def _size(found: Any) -> int:
    """Bytes and characters in what was unpacked."""
    if isinstance(found, (bytes, str)):
        return len(found)
    if isinstance(found, dict):
        return sum(_size(key) + _size(value) for key, value in found.items())
    if isinstance(found, (tuple, list)):
        return sum(map(_size, found))
    return 1


@given(st.binary(max_size=64))
def test_a_broken_worker_is_found_out(body: bytes) -> None:
    """Or what it says is of the kind that was asked for, and no larger than what it sent."""
    for unpack in UNPACK:
        try:
            found = unpack(body)
        except BrokenWorkerError:
            continue
        assert _size(found) <= 3 * len(body) + 9


@given(STATE, st.builds(PouredBatch, TEXT, st.booleans(), TEXT, TEXT), st.data())
def test_a_batch_that_is_cut_or_longer_is_found_out(
    state: ContextState, batch: PouredBatch, data: st.DataObject
) -> None:
    packed = frames.pack_poured(state, batch)
    size = data.draw(st.integers(0, len(packed) - 1))
    for wrong in (packed[:size], packed + b"x"):
        with pytest.raises(BrokenWorkerError):
            frames.unpack_poured(wrong)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_lines_of_another_form_are_found_out(value: object) -> None:
    import json

    try:
        ran = frames.unpack_ran(json.dumps(value).encode())
    except BrokenWorkerError:
        return
    assert all(type(line) is int for lines in ran.lines.values() for line in lines)
    assert all(isinstance(why, str) for why in ran.followed.values())


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b"\xff", b"1e999", b'[{"a": [NaN]}, {}]', b'[{}, {"a": 1}]']
)
def test_what_json_allows_is_not_enough(text: bytes) -> None:
    with pytest.raises(BrokenWorkerError):
        frames.unpack_ran(text)


@pytest.mark.parametrize(
    ("size", "kind"),
    [
        (frames.SHORT_MAX + 1, frames.GOOD),
        (frames.SHORT_MAX + 1, frames.LINE),
        (frames.RAN_MAX + 1, frames.RAN),
        (frames.RESULT_MAX + 1, frames.RESULT),
        (2**32 - 1, frames.POURED),
        (0, frames.CHECK),
        (0, frames.DROP),
        (0, 0),
        (1, 255),
    ],
)
def test_no_worker_sends_such_a_frame(size: int, kind: int) -> None:
    with pytest.raises(BrokenWorkerError):
        frames.size_from_worker(size, kind)
