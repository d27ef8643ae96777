"""What brings a real server down is an error of the call here; see the UDF specification, section 3.12."""

import time
from typing import Any

import pytest

from asudfd.lua.aerospike.record_view import RecordView, record_call

TOO_DEEP = "lists and maps are nested too deeply"
RECORD_WITHIN = "a record cannot be an element of a list or map"

HARMFUL = {
    "local l = list() l[1] = l return l": TOO_DEEP,
    "local l = list() list.append(l, l) rec.a = l aerospike:update(rec)": TOO_DEEP,
    "local m = map() m.m = m return m": TOO_DEEP,
    "local m, l = map(), list() m.l = l l[1] = m return list{m}": TOO_DEEP,
    "local l = list{1} for i = 1, 200 do l = list{l} end return l": TOO_DEEP,
    "local l = list() l[1] = l return tostring(l)": "too deeply nested",
    "local l = list() l[1] = l info('%s', l)": "too deeply nested",
    "local l = list() l[1] = l return list.nbytes(l)": TOO_DEEP,
    "return list{rec}": RECORD_WITHIN,
    "return map{a = rec}": RECORD_WITHIN,
    "rec.x = list{rec} aerospike:update(rec)": RECORD_WITHIN,
    "local l = list() l[-1] = 1": "/udf/m.lua:1: list index -1 is out of range",
    "local l = list() l[1 << 40] = 1": f"/udf/m.lua:1: list index {1 << 40} is out of range",
    "list.insert(list(), 100000000, 1)": "/udf/m.lua:1: list index 100000000 is out of range",
    "local l = list{1} list.concat(l, l)": "/udf/m.lua:1: a list cannot be appended to itself",
    "aerospike:update(list())": "/udf/m.lua:1: bad argument #1 to 'update' (Record expected, got List)",
    "return string.rep('x', 1 << 28)": "not enough memory",
    "return string.rep('x', 1 << 62)": "/udf/m.lua:1: resulting string too large",
}


@pytest.mark.parametrize("body", HARMFUL)
def test_harm_is_an_error(apply: Any, body: str) -> None:
    called = apply(body, bins={"a": 1})
    assert (called.code, called.value) == (100, HARMFUL[body])
    assert called.bins == {"a": 1}


def test_bytes_past_the_end_are_none(apply: Any) -> None:
    assert apply("return bytes.get_string(bytes(1000), 1, 1000)").value is None
    body = "local b = bytes(64) bytes.append_string(b, 'ab') return bytes.get_string(b, 2, 60)"
    assert apply(body).value == "b"


ENDLESS = [
    "while true do end",
    "rec.a = 2 aerospike:update(rec) while true do end",
    "while true do pcall(function() while true do end end) end",
    "local l = list() while true do list.append(l, 1) end",
    "local l = list{1} while true do l = list{l, l} end",
    "local l = list{1} for i = 1, 100 do l = list{l, l} end return l",
    "local b = bytes() while true do bytes.append_byte(b, 1) end",
    "local m, i = map(), 0 while true do i = i + 1 m[i] = i end",
    "local l = list() for i = 1, 1e6 do list.prepend(l, i) end",
    "while true do rec.a = 1 aerospike:update(rec) end",
]


@pytest.mark.parametrize("body", ENDLESS)
def test_no_call_outlives_its_deadline(apply: Any, body: str) -> None:
    started = time.process_time()
    called = apply(body, bins={"a": 1}, seconds=0.1)
    assert time.process_time() - started < 3
    assert called.code == 100
    assert called.value in {"UDF Execution Timeout", "not enough memory", TOO_DEEP}
    assert called.bins == {"a": 1}


ARGUMENTS = [b"", b"\x01", b"\xc1", b"\x92\x01", b"\x91" * 100000, b"\xdd\xff\xff\xff\xff" + b"\xc0" * 1000]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=range(len(ARGUMENTS)))
def test_arguments_that_are_no_list_are_none(applier: Any, arguments: bytes) -> None:
    context = applier.load("function f(rec, ...) return select('#', ...) end")
    subject = RecordView(False, 0, 0, 0, b"", b"", bytes(20), b"", True)
    answer = context.invoke(record_call("m", b"f", arguments, subject), time.monotonic() + 5)
    assert answer[:3] == (0, 1, bytes(8))


MALFORMED = [
    (20, b"\x92\x01"),
    (20, b"\x81\x01\x01"),
    (20, b""),
    (20, b"\xa0" + bytes(16)),
    (20, b"\xa1" + bytes(17)),
    (19, b"\x81\xc3\x01"),
    (19, b"\x81\xcb" + bytes(8) + b"\x01"),
    (77, b"x"),
    (2, b"123"),
    (23, b"\0"),
]


@pytest.mark.parametrize("particle", MALFORMED)
def test_an_unreadable_bin_is_nil(apply: Any, particle: tuple[int, bytes]) -> None:
    called = apply("return rec.a == nil and record.numbins(rec)", bins={"a": particle, "b": 1})
    assert called.raw[:3] == (0, 1, (2).to_bytes(8, "big"))


def test_a_record_of_an_earlier_call_is_refused(applier: Any) -> None:
    context = applier.load(
        "function keep(rec) kept = rec end\n"
        "function read(rec) return kept.a end\n"
        "function write(rec) kept.a = 1 end\n"
        "function size(rec) return record.numbins(kept) end\n"
        "function update(rec) return aerospike:update(kept) end"
    )
    applier.apply(context, "keep", [], {"a": 1})
    for function in ("read", "write", "size"):
        called = applier.apply(context, function, [], {"a": 2})
        assert called.value.endswith("the record belongs to another call")
    assert applier.apply(context, "update", [], {"a": 2}).code == 100


def test_classes_cannot_be_reached(apply: Any) -> None:
    body = """
        local l, m = list{1}, map{a = 1}
        for _, class in ipairs{List, Map, Bytes, Aerospike, Iterator, getmetatable(rec)} do
            class.__index, class.__len, class.DATA = nil, nil, 1
            for k in pairs(class) do class[k] = nil end
            local fake = setmetatable({}, class)
            if pcall(list.size, fake) or pcall(map.size, fake) or pcall(record.gen, fake) then return "fake" end
        end
        return l[1] + m.a + #l + rec.a
    """
    assert apply(body, bins={"a": 4}).value == 7


def test_a_hostile_environment(applier: Any) -> None:
    """A metatable of `_G` is asked while the call is protected, and cannot keep results in."""
    source = (
        "function f(rec) return x end\n"
        "success, result, aerospike = nil\n"
        "setmetatable(_G, {__index = function() error('no') end, __newindex = function() error('never') end})"
    )
    context = applier.load(source)
    assert applier.apply(context, "f", [], None).value == "/udf/m.lua:3: never"
    assert applier.apply(context, "g", [], None).code == 100
    source = "function f(rec) return 1 end function apply_record(f, rec, ...) return f(rec, ...) + 1 end"
    assert applier.apply(applier.load(source), "f", [], None).value == 2
