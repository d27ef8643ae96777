"""What a worker answers to a node: its loop, in a thread of this process, which is not confined for it."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from asinfo.wire import msgpack
from asudfd.lua.aerospike.record_batch import END
from asudfd.lua.aerospike.record_batch import pack as pack_record
from asudfd.lua.aerospike.record_view import StreamView
from asudfd.lua.aerospike.udf_result import unpack
from asudfd.lua.call import LuaCall
from asudfd.lua.worker import confinement, frames, worker
from asudfd.lua.worker.descriptors import WorkerEnds
from asudfd.lua.worker.frames import ContextMake, ContextPour, ModuleCheck, WorkerSettings
from asudfd.lua.worker.shared_page import BEGUN, BEGUN_AT, PAGE_SIZE
from tests.fakes.lua_call import NO_RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asudfd.lua.crossing import Crossing

    MakeNode = Callable[..., "Node"]

SETTINGS = WorkerSettings(b"/udf", 64 << 20, unsafe=False, address_space=0, niceness=0)

STREAM = StreamView(b"", True)
SECONDS = 60
"""Longer than a busy machine needs."""

MODULE = b"""
function echo(_, text) info("seen %s", text) return text end
function grow(_, size) kept = string.rep("x", size) return size end
function long() for _ = 1, 100000 do end return 1 end
"""


class Node:
    """The node's end of the pipes."""

    def __init__(self, crossing: Crossing[Any], settings: WorkerSettings) -> None:
        reading, self._writing = os.pipe()
        self._reading, writing = os.pipe()
        self.page = os.memfd_create("page")
        os.truncate(self.page, PAGE_SIZE)
        self._given = (reading, writing)
        ends = WorkerEnds(reading, writing, os.dup(self.page), -1)
        self._thread = threading.Thread(target=worker.live, args=(ends, os.getppid(), crossing))
        self._thread.start()
        self.tell(frames.told(frames.SETTINGS, settings))

    def tell(self, data: bytes) -> None:
        os.write(self._writing, data)

    def next(self) -> tuple[int, bytes]:
        """Kind and body of the next frame."""
        size, kind = frames.HEADER.unpack(self._read(frames.HEADER.size))
        return kind, self._read(size)

    def kinds(self, count: int) -> list[int]:
        return [self.next()[0] for _ in range(count)]

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = os.read(self._reading, size - len(data))
            assert part, "the worker has ended"
            data += part
        return data

    def close(self) -> None:
        """The worker ends with its pipe."""
        os.close(self._writing)
        self._thread.join()
        for descriptor in (self._reading, self.page, *self._given):
            os.close(descriptor)


@pytest.fixture(scope="module")
def crossing() -> Crossing[Any]:
    with pytest.MonkeyPatch.context() as here:
        here.setattr(worker, "_read_time_zone", lambda: None)  # that of this process stays as it is
        return worker.load("asudfd.lua.aerospike.crossing")


@pytest.fixture
def make_node(crossing: Crossing[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeNode]:
    monkeypatch.setattr(confinement, "end_with_parent", lambda _: None)
    monkeypatch.setattr(confinement, "confine", lambda _: ["a measure"])
    nodes: list[Node] = []

    def make(**settings: Any) -> Node:
        nodes.append(Node(crossing, SETTINGS._replace(**settings)))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@pytest.fixture
def node(make_node: MakeNode) -> Node:
    return make_node()


def make(text: bytes | None, number: int = 1, seconds: float = SECONDS) -> bytes:
    wanted = ContextMake(number, b"m", text, SECONDS, time.monotonic() + seconds)
    return frames.told(frames.MAKE, wanted)


def call(function: bytes, *arguments: Any, number: int = 1, **words: Any) -> bytes:
    view = STREAM if words.get("kind") == frames.OPEN else NO_RECORD
    asked = LuaCall("m", function, msgpack.pack(list(arguments)), view, 0)
    return frames.told_call(number, asked, time.monotonic() + SECONDS, **words)


def pour(batch: bytes, number: int = 1) -> bytes:
    wanted = ContextPour(number, batch, time.monotonic() + SECONDS)
    return frames.told(frames.POUR, wanted)


def check(text: bytes) -> bytes:
    return frames.told(frames.CHECK, ModuleCheck(b"m.lua", text, SECONDS * 1000))


def test_the_first_line_tells_what_does_not_confine_it(node: Node) -> None:
    node.tell(make(MODULE))
    kind, line = node.next()
    assert kind == frames.LINE
    assert frames.unpack_line(line).text == "workers are not confined by a measure"
    kind, body = node.next()
    assert kind == frames.MADE
    assert 0 < frames.unpack_made(body) < SETTINGS.memory


def test_a_module_is_checked(node: Node) -> None:
    node.tell(check(b"return 1"))
    assert node.kinds(3) == [frames.LINE, frames.COMPILED, frames.GOOD]
    node.tell(check(b"\nreturn nil .. 1"))
    assert node.kinds(1) == [frames.COMPILED]
    kind, body = node.next()
    verdict = frames.unpack_bad(body)
    assert (kind, verdict.file, verdict.line) == (frames.BAD, b"m.lua", 2)
    node.tell(check(b"x = = 1"))
    assert node.kinds(1) == [frames.BAD]


def test_a_context_is_made_called_and_dropped(node: Node) -> None:
    node.tell(make(MODULE))
    node.kinds(2)
    node.tell(call(b"echo", "text"))
    kind, body = node.next()
    assert (kind, frames.unpack_line(body).text) == (frames.LINE, "seen text")
    kind, body = node.next()
    state, packed = frames.unpack_result(body)
    assert (kind, state.usable, unpack(packed)[0]) == (frames.RESULT, True, 0)
    assert BEGUN.unpack_from(os.pread(node.page, PAGE_SIZE, 0), BEGUN_AT) == (1,)
    node.tell(make(None, number=2))  # the text that it has
    assert node.kinds(1) == [frames.MADE]
    node.tell(frames.told(frames.DROP, (1, 2)))
    assert node.kinds(1) == [frames.READY]
    node.tell(call(b"echo", "text"))
    assert node.kinds(1) == [frames.NOT_MADE]


def test_calls_that_come_together_are_answered_in_turn(node: Node) -> None:
    node.tell(make(MODULE))
    node.kinds(2)
    node.tell(b"".join(call(b"grow", size) for size in (1, 2, 3)))
    found = [frames.unpack_result(node.next()[1]) for _ in range(3)]
    assert [state.usable for state, _ in found] == [True] * 3
    assert [state.seconds > 0 for state, _ in found] == [False, False, True]  # the last tells for all


def test_a_frame_may_come_in_parts(node: Node) -> None:
    for byte in make(MODULE):
        node.tell(bytes([byte]))
    assert node.kinds(2) == [frames.LINE, frames.MADE]


@pytest.mark.parametrize(
    ("text", "seconds", "reason"),
    [
        (b"x = = 1", SECONDS, b"unexpected symbol"),
        (b"error('no')", SECONDS, b"no"),
        (b"while true do end", 0, b""),
    ],
)
def test_a_context_that_cannot_be_made(node: Node, text: bytes, seconds: float, reason: bytes) -> None:
    node.tell(make(text, seconds=seconds))
    node.kinds(1)
    kind, told = node.next()
    assert kind == frames.NOT_MADE
    assert reason in told
    assert bool(told) == bool(reason)


def test_a_context_that_has_grown_is_dropped(node: Node) -> None:
    node.tell(make(MODULE))
    node.kinds(2)
    node.tell(call(b"grow", 20 << 20))
    state, _ = frames.unpack_result(node.next()[1])
    assert not state.usable
    assert node.kinds(1) == [frames.READY]


def test_a_result_that_is_too_large_is_an_error(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asudfd.lua.worker.contexts.PACKED_MAX", 100)
    node.tell(make(MODULE))
    node.kinds(2)
    node.tell(call(b"echo", "x" * 200))
    assert node.kinds(1) == [frames.LINE]
    _, packed = frames.unpack_result(node.next()[1])
    assert b"result too large" in packed


def test_a_call_that_nobody_waits_for_any_more_says_so(node: Node) -> None:
    node.tell(make(MODULE))
    node.kinds(2)
    node.tell(call(b"long", patience=0.0))
    assert node.kinds(2) == [frames.LATE, frames.RESULT]


def test_another_module_is_fetched(node: Node) -> None:
    node.tell(make(b"local other = require('other') function f() return other.n end"))
    node.kinds(1)
    assert [node.next() for _ in range(2)] == [(frames.REQUIRED, b"other"), (frames.FETCH, b"other")]
    node.tell(frames.frame(frames.SOURCE, b"return {n = 7}"))
    assert node.kinds(1) == [frames.MADE]
    node.tell(make(b"require('none')", number=2))
    assert node.kinds(2) == [frames.REQUIRED, frames.FETCH]
    node.tell(frames.frame(frames.NO_SOURCE))
    assert node.kinds(1) == [frames.NOT_MADE]


def test_a_batch_passes_through_a_stream(node: Node) -> None:
    node.tell(make(b"function f(s) return s : map(function() return 1 end) end"))
    node.kinds(2)
    node.tell(call(b"f", kind=frames.OPEN) + pour(pack_record(NO_RECORD) + END))
    kind, body = node.next()
    state, poured = frames.unpack_poured(body)
    assert (kind, state.usable, poured.more, poured.failure) == (frames.POURED, True, False, b"")
    assert poured.messages


def test_a_stream_that_fails_says_why(node: Node) -> None:
    node.tell(make(b"function f(s) return s : map(function() error('no') end) end"))
    node.kinds(2)
    node.tell(call(b"f", kind=frames.OPEN) + pour(pack_record(NO_RECORD) + END))
    kind, body = node.next()
    _, poured = frames.unpack_poured(body)
    assert (kind, poured.more) == (frames.POURED, False)
    assert b"no" in poured.failure


def test_lines_that_run_are_told_once(make_node: MakeNode) -> None:
    node = make_node(coverage=True)
    node.tell(make(b"function f()\n return 1\nend"))
    node.kinds(1)
    kind, body = node.next()
    assert (kind, list(frames.unpack_ran(body).lines.values())) == (frames.RAN, [[1]])
    assert node.kinds(1) == [frames.MADE]
    for expected in ([[2]], []):
        node.tell(call(b"f"))
        kind, body = node.next()
        assert (kind, list(frames.unpack_ran(body).lines.values())) == (frames.RAN, expected)
        assert node.kinds(1) == [frames.RESULT]
    node.tell(frames.told(frames.DROP, (1,)))
    assert node.kinds(1) == [frames.READY]
