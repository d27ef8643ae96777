"""What a context hands back is checked before it is stored or sent, whatever became of the sandbox."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.wire import message, msgpack, particle
from asinfo.wire.message import op
from asudfd.lua import context as context_module
from asudfd.lua.aerospike import result_check
from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.aerospike.record_view import RecordView, StreamView, record_call, stream_call
from asudfd.lua.aerospike.result_check import check_messages, checked
from asudfd.lua.aerospike.udf_result import DELETE, NOTHING, WRITE
from asudfd.lua.crossing import WrongResultError
from asudfd.lua.sandbox import sandbox_chunks
from asudfd.lua.state import compile_text
from tests.each import for_each_row
from tests.unit.asudfd.lua.aerospike.test_stream import RECORDS

ONE = bytes(7) + b"\1"
DEEP, TOO_DEEP = b"\x91" * 127 + b"\x90", b"\x91" * 128 + b"\x90"
HEAD = message.reply(0, count=1)


def fault_of(raw: Any, before: bytes) -> str:
    """What is wrong with the result of a call on a record with the bins ``before``; empty when nothing is."""
    try:
        checked(raw, RecordView(True, 1, 0, 1, b"", b"", bytes(20), before, True))
    except WrongResultError as error:
        return str(error)
    return ""


def fault_in(messages: Any, head: bytes) -> str:
    try:
        check_messages(messages, head)
    except WrongResultError as error:
        return str(error)
    return ""


def written(bins: Any, **changes: Any) -> tuple[Any, ...]:
    answer = {
        "code": 0,
        "kind": 1,
        "value": ONE,
        "action": WRITE,
        "bins": bins,
        "ttl": None,
        "drop": False,
        "detail": None,
        "state": 0,
    }
    return tuple({**answer, **changes}.values())


def bin_of(kind: int, value: bytes, name: bytes = b"a") -> bytes:
    return op(1, kind, name, value)


RIGHT = [
    bin_of(1, ONE),
    bin_of(1, ONE) + bin_of(1, ONE, b"b"),
    bin_of(1, ONE, b""),
    bin_of(1, ONE, b"n" * 15),
    bin_of(2, bytes(8)),
    bin_of(3, b"text\0"),
    bin_of(4, b""),
    bin_of(9, b"x"),
    bin_of(17, b"\1"),
    bin_of(18, b"x"),
    bin_of(19, b"\x82\xc7\x00\x01\xc0\x01\x02"),
    bin_of(20, b"\x92\x01\xa2\x03x"),
    bin_of(20, DEEP),
    bin_of(23, b"\0\0\0{}"),
    b"".join(bin_of(1, ONE, b"%d" % n) for n in range(512)),
]

WRONG = [
    b"",
    bin_of(1, ONE)[:-1],
    bin_of(1, ONE) + b"\0",
    bin_of(1, ONE) + bin_of(1, ONE),
    bin_of(3, b"x") + bin_of(3, b"y"),
    bin_of(1, ONE, b"n" * 16),
    b"".join(bin_of(1, ONE, b"%d" % n) for n in range(513)),
    bin_of(1, bytes(4)),
    bin_of(0, b""),
    bin_of(2, bytes(7)),
    bin_of(5, b"x"),
    bin_of(16, b"x"),
    bin_of(17, b"\2"),
    bin_of(17, b""),
    bin_of(21, b"x"),
    bin_of(255, b"x"),
    bin_of(19, b"\x82\x01\x02\x01\x03"),
    bin_of(19, b"\x81\x01"),
    bin_of(19, b"\x81\x90\x01"),
    bin_of(19, b"\x90"),
    bin_of(20, b"\x92\x01"),
    bin_of(20, b"\x91\x01\x01"),
    bin_of(20, b"\xdd\xff\xff\xff\xff"),
    bin_of(20, b"\xc1"),
    bin_of(20, b""),
    bin_of(20, TOO_DEEP),
    bin_of(20, b"\x91" * 100000),
    bin_of(23, b"\0"),
    bin_of(23, b"\0\0\1{}"),
    op(2, 1, b"a", ONE),
    b"\xff\xff\xff\xff" + bin_of(1, ONE)[4:],
    b"\0\0\0\4" + bin_of(1, ONE)[4:],
    "text",
    None,
    object(),
    [1],
]


@pytest.mark.parametrize("bins", RIGHT, ids=range(len(RIGHT)))
def test_bins_that_can_be_stored(bins: bytes) -> None:
    assert fault_of(written(bins), b"") == ""
    assert fault_of(written(bins), b"") == ""


@for_each_row("bins", WRONG)
def test_bins_that_cannot_be_stored(bins: Any) -> None:
    fault_of(written(bin_of(1, ONE)), b"")  # known from now on
    assert fault_of(written(bins), b"")


SAME_HEAD = [
    (20, b"\x92\x01\x02", b"\x92\x01\xc1"),
    (20, b"\x97" + bytes(7), b"\x98" + bytes(7)),
    (17, b"\1", b"\2"),
    (19, b"\x81\x01\x02", b"\x82\x01\x02"),
    (23, b"\0\0\0{}", b"\0\0\1{}"),
]


@for_each_row(["kind", "right", "wrong"], SAME_HEAD)
def test_a_head_that_is_known_says_nothing_of_the_value(kind: int, right: bytes, wrong: bytes) -> None:
    for _ in range(2):
        assert fault_of(written(bin_of(kind, right)), b"") == ""
        assert fault_of(written(bin_of(kind, wrong)), b"")
        assert fault_of(written(bin_of(kind, wrong)), bin_of(kind, wrong)) == "", "it was stored so"
        for cut in (bin_of(kind, right)[:-1], bin_of(kind, right) + b"\0", bin_of(kind, right)[:8]):
            assert fault_of(written(cut), b"")


VALUES = st.sampled_from(
    [
        (1, ONE),
        (1, bytes(8)),
        (2, bytes(8)),
        (3, b"text"),
        (17, b"\1"),
        (20, b"\x92\x01\xa2\x03x"),
        (77, b"x"),
        (20, b"\x92\x01"),
    ]
)


@given(
    st.lists(VALUES, min_size=2, max_size=5),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=2),
    st.none() | st.tuples(st.integers(0, 4), VALUES),
)
def test_bins_of_which_one_has_changed_are_judged_as_others(
    values: list[tuple[int, bytes]],
    bytes_changed: list[tuple[int, int]],
    changed: tuple[int, tuple[int, bytes]] | None,
) -> None:
    before = b"".join(bin_of(kind, value, b"%d" % at) for at, (kind, value) in enumerate(values))
    if changed is not None:
        values[changed[0] % len(values)] = changed[1]
    after = bytearray(b"".join(bin_of(kind, value, b"%d" % at) for at, (kind, value) in enumerate(values)))
    for at, byte in bytes_changed:
        after[at % len(after)] = byte
    told = fault_of(written(bytes(after)), before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(result_check, "_COMPARED", 0)
        assert bool(told) == bool(fault_of(written(bytes(after)), before))


UNREADABLE = [
    bin_of(20, b"\x92\x01"),
    bin_of(19, b"\x81\x90" + b"\x01" * 2000),
    bin_of(77, b"x"),
    bin_of(1, b"\1"),
    bin_of(23, b"\0"),
]


@pytest.mark.parametrize("kept", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_bin_that_was_stored_so_may_stay(kept: bytes) -> None:
    more = bin_of(1, ONE, b"more")
    assert fault_of(written(kept), b"")
    assert fault_of(written(more + kept), kept) == ""
    assert fault_of(written(more + kept), bin_of(4, kept)), "it is a bin's content there, and no bin"


ANSWERS = [
    None,
    (),
    (0,),
    5,
    written(b"", action=NOTHING, value="x"),
    written(b"", action=NOTHING, value=None),
    written(b"", action=NOTHING, kind=3, value=object()),
    written(b"", action=NOTHING, kind=77),
    written(b"", action=NOTHING, kind=None),
    written(b"", action=NOTHING, kind=[]),
    written(b"", action=NOTHING, kind=20, value=b"\x92\x01"),
    written(b"", action=NOTHING, kind=19, value=b"\x90"),
    written(b"", action=NOTHING, kind=0, value=b"x"),
    written(b"", action=NOTHING, ttl=-1),
    written(b"", action=NOTHING, ttl=1 << 32),
    written(b"", action=NOTHING, ttl=1.5),
    written(b"", action=7),
    written(b"", action=[]),
    written(b"", action=NOTHING, code=3, kind=0, value=b""),
    written(b"", action=NOTHING, code=100),
    written(b"x", action=NOTHING),
    written(bin_of(1, ONE), action=DELETE),
    written(bin_of(1, ONE), code=100, kind=3, value=b"x"),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_answers_that_are_none(answer: Any) -> None:
    assert fault_of(answer, b"")


@given(st.binary(max_size=60), st.binary(max_size=40))
def test_no_bytes_are_an_exception(bins: bytes, value: bytes) -> None:
    fault_of(written(bins), value)
    fault_of(written(b"", action=NOTHING, kind=value[0] if value else 20, value=bins), b"")
    fault_in(HEAD + bins + value, HEAD)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats()
    | st.text("abc", max_size=3)
    | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.integers(0, 99) | st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=6))
def test_what_the_sandbox_writes_itself_is_right(values: list[Any]) -> None:
    """Ordered lists too: both sides have the same order."""
    context = _context()
    blob = bin_of(*particle.pack(msgpack.MarkedList([])), b"l")
    subject = RecordView(True, 1, 0, 1, b"", b"", bytes(20), blob, True)
    arguments = msgpack.pack(values)
    applied = context.invoke(record_call("m", b"fill", arguments, subject), time.monotonic() + 10)
    assert applied.code == 0, applied


_made: list[context_module.LuaContext] = []
FILL = b"""
function fill(rec, ...)
    local l = rec.l
    for i = 1, select("#", ...) do list.append(l, (select(i, ...))) end
    rec.l, rec.copy, rec.m = l, list.clone(l), map{ a = l }
    aerospike:update(rec)
    return l
end
"""


def _context() -> context_module.LuaContext:
    if not _made or not _made[0].usable:
        _made[:] = [_loaded(FILL)]
    return _made[0]


def _loaded(source: bytes, log: Callable[..., None] = lambda *_: None) -> context_module.LuaContext:
    context = context_module.LuaContext(
        context_module.ContextSettings(b"/udf", 64 << 20, False, lambda _: None, log, CROSSING), set()
    )
    code = compile_text(source, b"@/udf/m.lua", CROSSING.no_tail_calls).code
    assert code is not None
    assert not context.run(b"m", code, b"/udf/m.lua", time.monotonic() + 5).failed
    return context


# A hole in the sandbox, as one was: a module that reaches what is inside of bytes, lists and geo JSON.
HOLE = rb"local needs = ... local DATA = needs.DATA needs.env.inside = function(value) return value[DATA] end"

FORGED = {
    "text": ("local b = bytes() inside(b).text = {} inside(b).n = 1 return b", ""),
    "cells": ("local b = bytes() inside(b).text = false inside(b).cells = {} inside(b).n = 3 return b", ""),
    "packed": ("local l = list{1} inside(l).flags = 'x' return l", ""),
    "a list's size": ("local l = list{1} inside(l).flags = 4 inside(l).n = 70000 return 1", ""),
    "geo JSON": (
        "local g = geojson('{}') inside(g).text_of = '' rec.g = g aerospike:update(rec) return 1",
        "",
    ),
    "an unordered map": (
        "local m = map{a = 1, b = 2} inside(m).keys = {'b', 'a'} inside(m).flags = 1 rec.m = m aerospike:update(rec) return m",
        "not in order",
    ),
    "a key twice": ("local m = map{a = 1} inside(m).keys = {'a', 'a'} return m", "twice"),
    "a float as a key": (
        "local m = map{} inside(m).values = {[1.5] = 1} inside(m).n = 1 inside(m).keys = {1.5} rec.m = m aerospike:update(rec) return 1",
        "key of a map",
    ),
    "a list as a key": (
        "local m = map{} inside(m).values = {x = 1} inside(m).keys = {true} return m",
        "key of a map",
    ),
}


@pytest.fixture
def forged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    chunks = sandbox_chunks(CROSSING)
    *others, last = chunks.others
    hole = compile_text(HOLE, b"=hole").code
    assert hole is not None
    holed = chunks._replace(others=(*others, hole, last))
    monkeypatch.setattr(context_module, "sandbox_chunks", lambda _: holed)
    return _loaded


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_value_is_an_error_of_the_call(forged: Callable[..., Any], name: str) -> None:
    body, text = FORGED[name]
    lines: list[tuple[Any, ...]] = []
    context = forged(f"function f(rec) {body} end".encode(), lambda *line: lines.append(line))
    blob = bin_of(1, ONE)
    subject = RecordView(True, 1, 0, 1, b"", b"", bytes(20), blob, True)
    applied = context.invoke(record_call("m", b"f", b"\x90", subject), time.monotonic() + 5)
    assert fault_of(applied, blob) == ""
    if text:
        assert applied[:2] == (100, 3)
        assert text in applied.value.decode()
        assert applied[3:5] == (NOTHING, b"")
        assert applied.state
        assert not context.usable
        assert text in lines[0][2]


def test_a_forged_value_of_a_stream_ends_it(forged: Callable[..., Any]) -> None:
    lines: list[tuple[Any, ...]] = []
    body = b"local m = map{a = 1} inside(m).keys = {'a', 'a'} return m"
    context = forged(
        b"function f(s) return s : map(function(r) " + body + b" end) end", lambda *line: lines.append(line)
    )
    context.open_stream(stream_call("m", b"f", b"\x90", StreamView(HEAD, True)))
    poured = context.pour(RECORDS, time.monotonic() + 5)
    assert (poured.messages, poured.more) == (b"", False)
    assert b"twice" in poured.failure
    assert not context.usable
    assert lines


@pytest.mark.parametrize(
    "messages",
    [
        None,
        "x",
        b"x",
        HEAD,
        HEAD + b"\0",
        HEAD + op(1, 1, b"SUCCESS", b"x"),
        HEAD + op(1, 1, b"OTHER", ONE),
        HEAD + op(1, 1, b"SUCCESS", ONE) + b"x",
    ],
)
def test_messages_that_are_none(messages: Any) -> None:
    assert fault_in(messages, HEAD)
    assert fault_in(HEAD + op(1, 1, b"SUCCESS", ONE), HEAD) == "" == fault_in(b"", HEAD)


def test_depth_is_the_same_on_both_sides() -> None:
    context = _loaded(
        b"function f(rec, n) local l = list() for i = 2, n do l = list{l} end rec.l = l aerospike:update(rec) return l end"
    )
    subject = RecordView(True, 1, 0, 1, b"", b"", bytes(20), b"", True)
    for depth, code in ((127, 0), (128, 0), (129, 100), (130, 100)):
        applied = context.invoke(record_call("m", b"f", msgpack.pack([depth]), subject), time.monotonic() + 5)
        assert applied.code == code
        assert context.usable
